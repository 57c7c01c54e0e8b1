// A row for each run. Texts come from users, so they are only ever set as text.

const HEADINGS = [
  ["tick", ""], ["name", "Run"], ["status", "Status"], ["progress", "Progress"],
  ["dice", "Best Dice"], ["loss", "Loss"], ["data", "Data"], ["started", "Started"],
  ["duration", "Time"],
];
const TIME = { hour: "2-digit", minute: "2-digit" };
const DAY = { day: "numeric", month: "short" };

const TABLES = new WeakMap();

class Runs {
  constructor(box) {
    this.box = box;
    this.ticked = new Set();
    this.stop = new AbortController();
    const listen = (type, handler) =>
      box.addEventListener(type, handler.bind(this), { signal: this.stop.signal });
    listen("click", this.click);
    listen("change", this.tick);
    box.querySelector("thead").replaceChildren(heading());
  }

  // Rows are filled anew, never replaced: focus and ticks stay where they are.
  update(rows, call) {
    this.call = call;
    const body = this.box.querySelector("tbody");
    const known = new Map([...body.children].map((row) => [row.dataset.id, row]));
    for (const id of this.ticked) if (!rows.some((row) => row.id === id)) this.ticked.delete(id);
    rows.forEach((data, i) => {
      const row = known.get(data.id) ?? makeRow(data.id);
      known.delete(data.id);
      if (body.children[i] !== row) body.insertBefore(row, body.children[i] ?? null);
      fill(row, data, this.ticked.has(data.id));
    });
    for (const row of known.values()) row.remove();
  }

  click(event) {
    const row = event.target.closest("tbody tr");
    if (!row || event.target.closest(".tick")) return;
    if (event.target.closest(".resume")) {
      this.call.setTriggerValue("resumed", row.dataset.id);
      return;
    }
    if (event.ctrlKey || event.metaKey || event.shiftKey) return; // a new tab or window
    event.preventDefault();
    this.call.setTriggerValue("opened", row.dataset.id);
  }

  tick(event) {
    const { id } = event.target.closest("tr").dataset;
    if (event.target.checked) this.ticked.add(id);
    else this.ticked.delete(id);
    event.target.closest("tr").classList.toggle("ticked", event.target.checked);
    this.call.setStateValue("ticked", [...this.ticked]);
  }
}

function element(tag, className, text = "") {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

function heading() {
  const row = document.createElement("tr");
  row.append(...HEADINGS.map(([name, text]) => {
    const cell = element("th", name, text);
    cell.scope = "col";
    return cell;
  }));
  row.firstChild.append(element("span", "hidden", "Chosen"));
  return row;
}

function makeRow(id) {
  const row = document.createElement("tr");
  row.dataset.id = id;
  const cells = Object.fromEntries(HEADINGS.map(([name]) => [name, element("td", name)]));
  row.append(...Object.values(cells));
  const box = element("input", "box");
  box.type = "checkbox";
  const label = element("label", "area");
  label.append(box);
  cells.tick.append(label);
  const link = element("a", "open");
  link.href = `?run=${id}`;
  cells.name.append(link, element("span", "under"));
  const resume = element("button", "resume", "Resume");
  resume.type = "button";
  cells.status.append(element("span", "word"), resume);
  const bar = element("div", "bar");
  bar.append(element("i", ""));
  cells.progress.append(bar, element("span", "text"));
  return row;
}

function fill(row, data, isTicked) {
  const of = (selector) => row.querySelector(selector);
  row.dataset.state = data.state;
  row.classList.toggle("ticked", isTicked);
  row.title = data.reason;
  of(".box").checked = isTicked;
  of(".box").setAttribute("aria-label", `Choose ${data.name}`);
  set(of(".open"), data.name);
  set(of(".under"), `${data.loss} · ${data.data}`);
  set(of(".word"), data.status);
  of(".resume").hidden = !data.can_resume;
  of(".resume").setAttribute("aria-label", `Resume ${data.name}`);
  of(".bar").hidden = data.share === null;
  of(".bar i").style.width = `${(data.share ?? 0) * 100}%`;
  set(of(".progress .text"), data.progress);
  for (const name of ["dice", "loss", "data", "duration"]) set(of(`td.${name}`), data[name]);
  of("td.data").title = data.data;
  of(".open").title = data.name;
  set(of("td.started"), data.started === null ? "" : when(new Date(data.started * 1000)));
}

function set(place, text) {
  if (place.textContent !== text) place.textContent = text;
}

function when(at) {
  const time = at.toLocaleTimeString(undefined, TIME);
  const isToday = at.toDateString() === new Date().toDateString();
  return isToday ? time : `${at.toLocaleDateString(undefined, DAY)}, ${time}`;
}

// Streamlit calls this again whenever the data changes, and may call a superseded cleanup
// after that; only the cleanup of the latest call may end the listening.
export default function mount({ data, parentElement, setTriggerValue, setStateValue }) {
  const box = parentElement.querySelector(".runs");
  const runs = TABLES.get(box) ?? new Runs(box);
  TABLES.set(box, runs);
  const call = { setTriggerValue, setStateValue };
  runs.update(data, call);
  return () => {
    if (runs.call !== call) return;
    runs.stop.abort();
    TABLES.delete(box);
  };
}
