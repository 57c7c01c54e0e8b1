// One button for each case. Texts come from users, so they are only ever set as text.

// A name keeps both ends: series share their beginning, and their end tells the cases apart.
const KEPT_FIRST = 3;
const KEPT_LAST = 6;

// Asked by the viewer, and by whoever else: `detail` is +1 or -1. To cancel it is to answer it.
const STEP_CASE = "seg:step-case";
// How long a step starts from the case asked for last, though it is not on the page yet.
const ASKED_MS = 3000;

const STRIPS = new WeakMap();

class Strip {
  constructor(list) {
    this.list = list;
    this.stop = new AbortController();
    const listen = (target, type, handler) =>
      target.addEventListener(type, handler.bind(this), { signal: this.stop.signal });
    listen(list, "click", (event) => this.pick(event.target.closest(".frame")?.dataset.id));
    listen(list, "keydown", this.press);
    listen(list, "focusin", (event) => this.letIn(event.target));
    listen(list, "focusout", (event) => list.contains(event.relatedTarget) || this.letIn(null));
    listen(window, STEP_CASE, this.step);
  }

  update(data, send) {
    const { list } = this;
    const moved = this.data?.chosen !== data.chosen;
    this.data = data;
    this.send = send;
    while (list.children.length > data.frames.length) list.lastChild.remove();
    data.frames.forEach((frame, i) => {
      const button = list.children[i] ?? list.appendChild(makeFrame());
      fill(button, frame, frame.id === data.chosen);
    });
    this.letIn(list.getRootNode().activeElement);
    if (moved) this.centre(list.querySelector('[aria-selected="true"]'));
  }

  pick(id) {
    if (id === undefined) return;
    this.asked = { id, at: performance.now() };
    this.send("picked", id);
  }

  // The neighbour of the case on the page; of the one asked for, while that is on its way.
  step(event) {
    const { frames, chosen } = this.data;
    const recent = this.asked && performance.now() - this.asked.at < ASKED_MS;
    const place = (id) => frames.findIndex((frame) => frame.id === id);
    const asked = recent ? place(this.asked.id) : -1;
    const next = frames[(asked === -1 ? place(chosen) : asked) + event.detail];
    event.preventDefault();
    if (next) this.pick(next.id);
  }

  press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const buttons = [...this.list.children];
    const from = buttons.indexOf(event.target);
    const to = {
      ArrowRight: from + 1, ArrowLeft: from - 1, Home: 0, End: buttons.length - 1,
    }[event.key];
    if (to === undefined || from === -1) return;
    buttons[Math.min(Math.max(to, 0), buttons.length - 1)].focus();
    event.preventDefault();
  }

  // One frame takes part in the Tab order: the focused one, else the chosen one, else the first.
  // So Tab leaves the strip from wherever the arrows went, and comes back to the chosen case.
  letIn(focused) {
    const buttons = [...this.list.children];
    const one = buttons.find((button) => button === focused) ??
      buttons.find((button) => button.getAttribute("aria-selected") === "true") ?? buttons[0];
    for (const button of buttons) button.tabIndex = button === one ? 0 : -1;
  }

  centre(button) {
    if (!button) return;
    this.list.scrollTo({
      left: button.offsetLeft - (this.list.clientWidth - button.offsetWidth) / 2,
    });
  }
}

function makeFrame() {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "frame";
  button.setAttribute("role", "option");
  const picture = document.createElement("img");
  picture.loading = "lazy";
  picture.alt = "";
  const [name, text] = ["name", "text"].map((part) => {
    const span = document.createElement("span");
    span.className = part;
    return span;
  });
  name.dir = "auto";
  const bar = document.createElement("i");
  bar.className = "bar";
  button.append(picture, name, text, bar);
  return button;
}

function fill(button, frame, isChosen) {
  const [picture, name, text, bar] = button.children;
  if (picture.getAttribute("src") !== frame.thumbnail) picture.src = frame.thumbnail;
  name.textContent = cutMiddle(frame.name);
  text.textContent = frame.text;
  bar.hidden = typeof frame.value !== "number";
  bar.style.width = bar.hidden ? "" : `${Math.min(Math.max(frame.value, 0), 1) * 100}%`;
  button.dataset.id = frame.id;
  button.dataset.state = frame.state;
  button.title = `${frame.name}: ${frame.text}`;
  button.setAttribute("aria-label", `${frame.name}, ${frame.text}`);
  button.setAttribute("aria-selected", String(isChosen));
}

// By what a reader takes for a character, so that none is cut in two.
function cutMiddle(name) {
  const characters = typeof Intl.Segmenter === "function"
    ? Array.from(new Intl.Segmenter().segment(name), (one) => one.segment) : Array.from(name);
  if (characters.length <= KEPT_FIRST + 1 + KEPT_LAST) return name;
  return [...characters.slice(0, KEPT_FIRST), "…", ...characters.slice(-KEPT_LAST)].join("");
}

// Streamlit calls this again whenever the data changes, and may call a superseded cleanup
// after that; only the cleanup of the latest call may end the listening.
export default function mount({ data, parentElement, setTriggerValue }) {
  const list = parentElement.querySelector(".strip");
  const strip = STRIPS.get(list) ?? new Strip(list);
  STRIPS.set(list, strip);
  const call = (strip.call = {});
  strip.update(data, setTriggerValue);
  return () => {
    if (strip.call !== call) return;
    strip.stop.abort();
    STRIPS.delete(list);
  };
}
