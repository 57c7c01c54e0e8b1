// Plotly in an element that stays: Plotly.react, never newPlot again.

const CHARTS = new WeakMap();
let loading = null;

// The script, once for the page.
function plotly(path) {
  if (window.Plotly) return Promise.resolve(window.Plotly);
  loading ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = path;
    script.onload = () => resolve(window.Plotly);
    script.onerror = () => {
      loading = null;
      script.remove();
      reject(new Error("Plotly could not be loaded."));
    };
    document.head.append(script);
  });
  return loading;
}

class Chart {
  constructor(element) {
    this.element = element;
    this.style = getComputedStyle(element); // follows the theme by itself
    this.pointer = null;
    this.stop = new AbortController();
    const listen = (type, handler) =>
      element.addEventListener(type, handler, { signal: this.stop.signal, passive: true });
    listen("mousemove", (event) => { if (event.isTrusted) this.pointer = event; });
    listen("mouseleave", () => { this.pointer = null; });
    listen("mousedown", () => { this.held = true; });
    listen("transitionend", ({ target, propertyName }) => {
      if (target === element && propertyName === "color" && this.shown) this.update(this.shown);
    });
    window.addEventListener("mouseup", () => this.letGo(), { signal: this.stop.signal });
    this.resizing = new ResizeObserver(() => this.fit());
    this.resizing.observe(element);
  }

  // Draws the newest figure; while one is being drawn or a zoom is being dragged, it waits.
  async update(data) {
    this.data = data;
    this.element.setAttribute("aria-label", data.label);
    this.element.style.minHeight = `${data.figure.layout.height}px`; // its place, until it is drawn
    if (this.busy || this.held) return;
    this.busy = true;
    try {
      const Plotly = await plotly(data.script);
      while (this.data && !this.held && !this.ended) {
        const { figure } = (this.shown = this.data);
        this.data = null;
        const { data: traces, layout, config } = resolved(figure, {
          var: (name) => this.style.getPropertyValue(name).trim(),
          shared: (name) => figure.shared[name],
        });
        layout.width = this.width = this.element.clientWidth;
        await Plotly.react(this.element, traces, layout, config);
        this.element.dataset.drawn = String(Date.now());
        this.hoverAgain();
      }
    } finally {
      this.busy = false;
    }
  }

  letGo() {
    if (!this.held) return;
    this.held = false;
    // After Plotly's own handler, which reads the figure it knows.
    setTimeout(() => { if (this.data) this.update(this.data); }, 50);
  }

  // Drawing takes the hover's box away; the pointer that rests gets it back.
  hoverAgain() {
    if (!this.pointer) return;
    const { clientX, clientY } = this.pointer;
    const under = document.elementFromPoint(clientX, clientY);
    if (!under || !this.element.contains(under)) return;
    under.dispatchEvent(new MouseEvent("mousemove", {
      clientX, clientY, bubbles: true, view: window,
    }));
  }

  fit() {
    const width = this.element.clientWidth;
    if (!window.Plotly || !this.element.layout || !width || width === this.width) return;
    this.width = width;
    window.Plotly.relayout(this.element, { width });
  }

  end() {
    this.ended = true;
    this.stop.abort();
    this.resizing.disconnect(); // no purge: a hover that is still to come would miss its chart
  }
}

// "var(--name)" is a colour of the theme, "shared(name)" an array that several traces have.
function resolved(value, meanings) {
  if (typeof value === "string") {
    const found = /^(var|shared)\(([^)]+)\)$/.exec(value);
    return found ? meanings[found[1]](found[2]) : value;
  }
  if (Array.isArray(value)) return value.map((one) => resolved(one, meanings));
  if (value === null || typeof value !== "object" || value.bdata !== undefined) return value;
  const entries = Object.entries(value);
  return Object.fromEntries(entries.map(([key, one]) => [key, resolved(one, meanings)]));
}

// Called whenever the data changes; only the cleanup of the latest call may end the chart.
export default function mount({ data, parentElement }) {
  const element = parentElement.querySelector(".plot");
  const chart = CHARTS.get(element) ?? new Chart(element);
  CHARTS.set(element, chart);
  const call = (chart.call = {});
  chart.update(data);
  return () => {
    if (chart.call !== call) return;
    chart.end();
    CHARTS.delete(element);
  };
}
