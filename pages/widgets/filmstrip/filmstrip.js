// One button for each case. Texts come from users, so they are only ever set as text.
const shown = new WeakMap();

function makeFrame(frame, pick) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "frame";
  button.setAttribute("role", "option");
  const picture = document.createElement("img");
  picture.loading = "lazy";
  picture.alt = "";
  const name = document.createElement("span");
  name.className = "name";
  name.append(document.createElement("bdi")); // so that cutting the beginning turns nothing around
  const text = document.createElement("span");
  text.className = "text";
  button.append(picture, name, text);
  button.addEventListener("click", () => pick(button.dataset.id));
  return button;
}

function fill(button, frame, isChosen) {
  const [picture, name, text] = button.children;
  if (picture.getAttribute("src") !== frame.thumbnail) picture.src = frame.thumbnail;
  name.firstChild.textContent = frame.name;
  text.textContent = frame.text;
  button.dataset.id = frame.id;
  button.dataset.state = frame.state;
  button.title = `${frame.name}: ${frame.text}`;
  button.setAttribute("aria-selected", String(isChosen));
  button.tabIndex = isChosen ? 0 : -1;
}

function moveFocus(event, strip) {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  const buttons = [...strip.children];
  const from = buttons.indexOf(strip.getRootNode().activeElement);
  const next = buttons[Math.min(Math.max(from + step, 0), buttons.length - 1)];
  next.focus();
  event.preventDefault();
}

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const strip = parentElement.querySelector(".strip");
  const pick = (id) => setTriggerValue("picked", id);
  while (strip.children.length > data.frames.length) strip.lastChild.remove();
  data.frames.forEach((frame, i) => {
    const button = strip.children[i] ?? strip.appendChild(makeFrame(frame, pick));
    fill(button, frame, frame.id === data.chosen);
  });
  strip.onkeydown = (event) => moveFocus(event, strip);
  if (shown.get(strip) !== data.chosen) {
    shown.set(strip, data.chosen);
    const chosen = strip.querySelector('[aria-selected="true"]');
    if (chosen) {
      const middle = chosen.offsetLeft - (strip.clientWidth - chosen.offsetWidth) / 2;
      strip.scrollTo({ left: middle });
    }
  }
}
