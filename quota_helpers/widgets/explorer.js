// The field explorer: a virtual list of the body's JSON, a search, the way from a number to its field and back.
// The kernel sends plain rows of masked text; everything else happens here, so that typing and scrolling wait for
// nobody. Text reaches the page as text nodes only.

const ROW = 22; // pixels, as in explorer.css
const TALLEST = 8_000_000; // pixels; browsers cut off taller elements
const LONGEST = 400; // characters of a value in its row
const LONGEST_DETAIL = 20_000;
const SMALL = 40; // rows under a found object that are shown at once
const SIGNS = { read: "✓", "known but unused": "○", unknown: "?", ignored: "–", broken: "!" };
const CHANGES = [null, ["+", "added"], ["−", "removed"], ["≠", "changed"]];
const [SAME, , REMOVED, CHANGED] = [0, 1, 2, 3];
const [CONTEXT, HIT, UNDER] = [1, 2, 4];
const [DEPTH, KEY, TYPE, VALUE, NOTE, CHANGE, WAS] = [0, 1, 2, 3, 4, 5, 6]; // in a row; as in explorer_rows.py
const KEYS = { "data-lm-suppress-shortcuts": "true" }; // keeps JupyterLab's command mode away from a focused element
const PLAIN = /^[A-Za-z_][A-Za-z0-9_]*$/;
const CONTROL = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}]/gu;

let explorers = 0;

function make(tag, attributes = {}, ...inside) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...inside);
  return node;
}
const escaped = (text) => text.replace(CONTROL, (sign) => `\\u${sign.codePointAt(0).toString(16).padStart(4, "0")}`);
const quoted = (text) => escaped(JSON.stringify(text));
const step = (key) => (typeof key === "number" ? `[${key}]` : PLAIN.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`);
const cut = (text, length) => (text.length > length ? `${text.slice(0, length)}…` : text);
const many = (number, word) => `${number.toLocaleString("en")} ${word}${number === 1 ? "" : "s"}`;

// --- a body ---

class Body {
  constructor(message) {
    Object.assign(this, message);
    const { rows } = this;
    const count = this.count = rows.length;
    this.parent = new Int32Array(count).fill(-1);
    this.end = new Int32Array(count).fill(count);
    this.children = new Uint32Array(count);
    this.closed = new Uint8Array(count);
    this.tally = new Map(Object.keys(SIGNS).map((status) => [status, 0]));
    const open = [];
    for (let at = 0; at < count; at++) {
      while (open.length > rows[at][DEPTH]) this.end[open.pop()] = at;
      if (open.length) {
        this.parent[at] = open[open.length - 1];
        this.children[this.parent[at]]++;
      }
      open.push(at);
      this.tally.set(this.status(at), this.tally.get(this.status(at)) + 1);
    }
    if (count > 2000) for (let at = 1; at < count; at++) this.closed[at] = this.children[at] > 100 ? 1 : 0;
    this.lowValues = rows.map((row) => (row[VALUE] === null ? null : row[VALUE].toLowerCase()));
    this.readingsOf = new Map();
    this.readings.forEach(([, , places], number) => places.forEach((at) => {
      this.readingsOf.set(at, [...(this.readingsOf.get(at) ?? []), number]);
    }));
  }

  note(at) { return this.notes[this.rows[at][NOTE]]; }
  status(at) { return this.note(at)[0]; }
  path(at) {
    const parts = [];
    for (; at > 0; at = this.parent[at]) parts.push(step(this.rows[at][KEY]));
    return ["$", ...parts.reverse()].join("");
  }
  value(at) {
    const [, , kind, value] = this.rows[at];
    return kind === "string" ? quoted(value) : value === null ? kind : escaped(value);
  }

  // A test of one row: does the query stand in its value, in its key, or in its path up to and with its key?
  tester(query) {
    const { lowPaths, lowValues, parent } = this;
    return (at) => {
      if (lowValues[at] !== null && lowValues[at].includes(query)) return true;
      const found = lowPaths[at].lastIndexOf(query);
      return found >= 0 && found + query.length > (at ? lowPaths[parent[at]].length : 0);
    };
  }
  get lowPaths() {
    const paths = [];
    this.rows.forEach((row, at) => paths.push(at ? paths[this.parent[at]] + step(row[KEY]).toLowerCase() : "$"));
    Object.defineProperty(this, "lowPaths", { value: paths });
    return paths;
  }
}

// The numbers of the rows to show.
class Listing {
  constructor(body, { query, statuses, onlyChanges }) {
    this.body = body;
    this.filtered = Boolean(query || statuses.size || onlyChanges);
    this.hits = 0;
    this.closed = body.closed;
    if (this.filtered) this.filter(query.toLowerCase(), statuses, onlyChanges);
    this.arrange();
  }

  filter(query, statuses, onlyChanges) {
    const { body } = this;
    const { count, end, parent } = body;
    const test = query ? body.tester(query) : null;
    const whole = !statuses.size && !onlyChanges;
    const keep = this.keep = new Uint8Array(count);
    const holds = new Uint8Array(count);
    let under = -1;
    for (let at = 0; at < count; at++) {
      const found = test === null || test(at);
      const passes = (!statuses.size || statuses.has(body.status(at)))
        && (!onlyChanges || body.rows[at][CHANGE] !== SAME);
      if ((found || at < under) && passes && (found || !whole)) {
        keep[at] = HIT;
        this.hits++;
        for (let up = parent[at]; up >= 0 && !holds[up]; up = parent[up]) {
          holds[up] = 1;
          if (!keep[up]) keep[up] = CONTEXT;
        }
      } else if (at < under && whole) keep[at] = UNDER;
      if (found && test !== null && end[at] > under) under = end[at];
    }
    this.closed = new Uint8Array(count);
    for (let at = 0; at < count; at++) this.closed[at] = keep[at] && !holds[at] && end[at] - at > SMALL ? 1 : 0;
  }

  arrange() {
    const { body: { count, end }, keep, closed, filtered } = this;
    const rows = new Int32Array(count);
    let length = 0;
    for (let at = 0; at < count;) {
      const hidden = filtered && !keep[at];
      if (!hidden) rows[length++] = at;
      at = hidden || closed[at] ? end[at] : at + 1;
    }
    this.rows = rows.subarray(0, length);
  }

  find(at) { return this.rows.indexOf(at); }

  toggle(at, open) {
    const closed = open === undefined ? !this.closed[at] : !open;
    if (this.body.end[at] === at + 1 || Boolean(this.closed[at]) === closed) return false;
    this.closed[at] = closed ? 1 : 0;
    this.arrange();
    return true;
  }
}

// --- controls ---

// A text field with the browser's own list to choose from; Enter takes the first that holds what was typed.
function chooser({ id, label, options, current, choose }) {
  const list = make("datalist", { id: `${id}-list` });
  const input = make("input", { id, class: "qx-input", list: list.id, autocomplete: "off", spellcheck: "false" });
  const node = make("span", {}, make("label", { for: id, class: "qx-label" }, label), input, list);
  const text = () => escaped(options().find(({ index }) => index === current())?.label ?? "");
  function draw() {
    list.replaceChildren(...options().map(({ label: name, note }) => make("option", { value: escaped(name) }, note)));
    input.value = text();
  }
  function take(matches) {
    const option = options().find(matches);
    if (option) choose(option.index);
    draw();
    input.select();
  }
  const is = ({ label: name }) => escaped(name) === input.value;
  const holds = ({ label: name, note }) => input.value.toLowerCase().split(/\s+/)
    .every((word) => `${escaped(name)} ${note}`.toLowerCase().includes(word));
  // The browser offers what holds the text of the field: all of them while it is empty.
  const empty = () => { if (input.value === text()) [input.placeholder, input.value] = [input.value, ""]; };
  input.addEventListener("focus", empty);
  input.addEventListener("click", empty);
  input.addEventListener("blur", draw);
  input.addEventListener("input", ({ inputType }) => { if ((inputType ?? "insertReplacementText") === "insertReplacementText") take(is); });
  input.addEventListener("keydown", (event) => {
    if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Enter" && input.value) take(options().some(is) ? is : holds);
    else if (event.key === "Escape") draw();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  return { node, draw };
}

// --- the explorer ---

function render({ model, el }) {
  const id = `quota-explorer-${++explorers}`;
  let body = null;
  let listing = null;
  let selected = -1;
  let active = 0; // where in the listing the keyboard is
  let onlyChanges = false;
  let copying = false;

  const button = (text, act, attributes = {}) => {
    const node = make("button", { type: "button", class: "qx-button", ...KEYS, ...attributes }, text);
    node.addEventListener("click", act);
    return node;
  };
  const options = () => model.get("_sources").map((source, index) => ({ ...source, index }));
  const account = chooser({
    id: `${id}-account`, label: "Account", options, current: () => model.get("account"),
    choose: (index) => put({ account: index }),
  });
  const others = () => {
    const mine = model.get("_sources")[model.get("account")]?.group;
    const rest = options().filter(({ index }) => index !== model.get("account"));
    return [{ index: -1, label: "nothing", note: "" }, ...rest.filter(({ group }) => group === mine),
      ...rest.filter(({ group }) => group !== mine)];
  };
  const compare = chooser({
    id: `${id}-compare`, label: "Compare to", options: others, current: () => model.get("compare_to"),
    choose: (index) => put({ compare_to: index }),
  });
  const refresh = button("Read again", () => model.send({ kind: "refresh" }));
  const copy = button("Copy redacted JSON", copyRedacted);
  const copied = make("span", { class: "qx-quiet", role: "status" });
  const search = make("input", {
    type: "search", class: "qx-input qx-search", placeholder: "path or value", "aria-label": "Search paths and values",
    autocomplete: "off", spellcheck: "false",
  });
  const found = make("span", { class: "qx-quiet qx-found", role: "status" });
  const filters = make("span", { class: "qx-filters", role: "group", "aria-label": "Show only fields that are" });
  const expand = button("Expand", () => fold(0));
  const collapse = button("Collapse", () => fold(1));
  const alert = make("pre", { class: "qx-alert", role: "alert" });
  const head = make("div", { class: "qx-head" });
  const rows = make("div", { class: "qx-rows", role: "none" });
  const space = make("div", { class: "qx-space", role: "none" });
  const tree = make("div", { class: "qx-tree", role: "tree", tabindex: "0", ...KEYS, "aria-label": "Fields of the body" }, space, rows);
  const trouble = make("div", { class: "qx-trouble", role: "status" });
  const readings = make("div", { class: "qx-readings", role: "listbox", tabindex: "0", ...KEYS, "aria-label": "Numbers read from this body" });
  const detail = make("div", { class: "qx-detail", role: "region", "aria-label": "The chosen field" });
  const manual = make("div", { class: "qx-manual" });
  const root = make("div", { class: "quota-explorer" },
    make("div", { class: "qx-bar" }, account.node, compare.node, refresh, copy, copied),
    manual, alert,
    make("div", { class: "qx-bar qx-finding" }, search, found, filters),
    make("div", { class: "qx-bar" }, head, expand, collapse),
    make("div", { class: "qx-main" }, make("div", { class: "qx-left" }, tree, trouble),
      make("div", { class: "qx-side" },
        make("section", { class: "qx-box" }, make("h4", {}, "Read from this body"), readings),
        make("section", { class: "qx-box" }, make("h4", {}, "The chosen field"), detail))));
  manual.hidden = true;
  el.append(root);

  function put(values) {
    for (const [name, value] of Object.entries(values)) model.set(name, value);
    model.save_changes();
  }

  // --- the tree ---

  const scale = () => {
    const tall = listing.rows.length * ROW;
    const height = Math.min(tall, TALLEST);
    return { tall, height, factor: tall > TALLEST ? (tall - tree.clientHeight) / (height - tree.clientHeight) : 1 };
  };

  function relist() {
    if (!body) return;
    const query = search.value;
    const statuses = new Set(model.get("statuses"));
    listing = new Listing(body, { query, statuses, onlyChanges: onlyChanges && body.compared });
    found.textContent = listing.filtered ? `${many(listing.hits, "field")} found` : `${many(body.count, "field")}`;
    const at = selected < 0 ? -1 : listing.find(selected);
    active = Math.max(0, at);
    if (listing.filtered && at < 0) {
      const first = listing.rows.findIndex((row) => listing.keep[row] === HIT);
      active = Math.max(0, first);
    }
    show(active);
  }

  function paint() {
    if (!listing) return;
    const { height, factor } = scale();
    space.style.height = `${height}px`;
    const top = tree.scrollTop * factor;
    const first = Math.max(0, Math.floor(top / ROW) - 4);
    const last = Math.min(listing.rows.length, first + Math.ceil(tree.clientHeight / ROW) + 9);
    rows.style.transform = `translateY(${tree.scrollTop + first * ROW - top}px)`;
    const lines = [];
    for (let at = first; at < last; at++) lines.push(line(listing.rows[at], at));
    rows.replaceChildren(...lines);
    const here = lines[active - first];
    if (here?.id) tree.setAttribute("aria-activedescendant", here.id);
    else tree.removeAttribute("aria-activedescendant");
  }

  // Scroll as little as is needed to have a line in view, and paint.
  function show(at) {
    space.style.height = `${scale().height}px`;
    const { factor } = scale();
    const [top, bottom] = [at * ROW, (at + 1) * ROW];
    const seen = tree.scrollTop * factor;
    if (top < seen || bottom > seen + tree.clientHeight) {
      tree.scrollTop = Math.max(0, top - tree.clientHeight / 3) / factor;
    }
    paint();
  }

  function line(at, place) {
    const [depth, key, kind, value, , difference, was] = body.rows[at];
    const [status, readAs, , why] = body.note(at);
    const folds = body.end[at] > at + 1;
    const closed = folds && listing.closed[at];
    const change = CHANGES[difference];
    const node = make("div", {
      id: `${id}-row-${at}`, class: "qx-line", role: "treeitem", "data-place": place, "data-status": status,
      "aria-level": depth + 1, "aria-selected": String(at === selected),
    });
    if (folds) node.setAttribute("aria-expanded", String(!closed));
    if (place === active) node.classList.add("qx-active");
    if (change) node.dataset.change = change[1];
    if (listing.filtered && listing.keep[at] === CONTEXT) node.classList.add("qx-context");
    node.append(make("span", { class: "qx-sign", title: status }, SIGNS[status] ?? ""));
    if (body.compared) node.append(make("span", { class: "qx-sign qx-change" }, change ? change[0] : ""));
    const json = make("span", { class: "qx-json" });
    json.style.paddingLeft = `${Math.min(depth, 24) * 14}px`;
    json.append(make("span", { class: "qx-fold", "aria-hidden": "true" }, folds ? (closed ? "▸" : "▾") : ""));
    if (at && typeof key === "string") json.append(marked("qx-key", quoted(cut(key, LONGEST))), ": ");
    else if (at) json.append(make("span", { class: "qx-index" }, `${key}`), " ");
    if (value === null) {
      const [start, stop, word] = kind === "array" ? ["[", "]", "element"] : ["{", "}", "member"];
      if (!folds) json.append(start + stop);
      else json.append(`${start}…${stop}`, make("span", { class: "qx-quiet" }, ` ${many(body.children[at], word)}`));
    } else json.append(marked(`qx-${kind}`, kind === "string" ? quoted(cut(value, LONGEST)) : escaped(value)));
    node.append(json, tag(at, status, readAs, why, change, was));
    return node;
  }

  // What became of a row: where it is narrow the front of the name gives way, never the number.
  function tag(at, status, readAs, why, change, was) {
    const numbers = body.readingsOf.get(at) ?? [];
    const node = make("span", { class: "qx-tag" });
    const tell = (word, name = "", rest = "") => node.append(make("b", {}, name ? `${word} ` : word),
      make("span", { class: "qx-name" }, make("bdi", {}, name)), make("span", { class: "qx-is" }, rest));
    if (change) node.append(make("b", {}, change[1]), was === null ? "" : ` from ${escaped(cut(was, 60))}`, " · ");
    if (numbers.length > 1) tell("read", numbers.map((number) => reading(number).join("")).join(", "));
    else if (numbers.length) tell("read", ...reading(numbers[0]));
    else if (status !== "read") tell(status, "", status === "broken" && why ? `: ${escaped(why)}` : "");
    else if (readAs || !body.children[at]) tell("read", readAs ? escaped(readAs) : "in a range");
    return node;
  }

  // The text in a span, with what was searched for marked.
  function marked(kind, text) {
    const node = make("span", { class: kind });
    const query = search.value.toLowerCase();
    const low = text.toLowerCase();
    if (!query || low.length !== text.length) { node.append(text); return node; }
    let from = 0;
    for (let at = low.indexOf(query); at >= 0; at = low.indexOf(query, from)) {
      node.append(text.slice(from, at), make("mark", {}, text.slice(at, at + query.length)));
      from = at + query.length;
    }
    node.append(text.slice(from));
    return node;
  }

  function fold(closed) {
    if (!listing) return;
    listing.closed.fill(closed);
    listing.closed[0] = 0;
    listing.arrange();
    active = Math.max(0, listing.find(selected));
    show(active);
  }

  const move = (to) => choose(listing.rows[Math.max(0, Math.min(listing.rows.length - 1, to))]);

  function toggle(at, open) {
    if (!listing.toggle(at, open)) return false;
    active = Math.max(0, listing.find(at));
    show(active);
    return true;
  }

  // Choose a row; what hides it is opened, and a search that hides it is cleared.
  function choose(at, { tell = true, reveal = false } = {}) {
    selected = at;
    if (tell && model.get("selected_path") !== at) put({ selected_path: at });
    if (at >= 0 && listing.find(at) < 0 && reveal) {
      if (listing.filtered && !listing.keep[at]) { search.value = ""; onlyChanges = false; put({ search: "", statuses: [] }); drawFilters(); relist(); }
      for (let up = body.parent[at]; up >= 0; up = body.parent[up]) listing.closed[up] = 0;
      listing.arrange();
    }
    const place = at < 0 ? -1 : listing.find(at);
    if (place >= 0) { active = place; show(place); } else paint();
    drawDetail();
    drawReadings();
  }

  tree.addEventListener("scroll", paint);
  tree.addEventListener("click", (event) => {
    const node = event.target.closest(".qx-line");
    if (!node) return;
    const at = listing.rows[Number(node.dataset.place)];
    choose(at);
    if (event.target.closest(".qx-fold")) toggle(at);
  });
  tree.addEventListener("dblclick", (event) => {
    const node = event.target.closest("[role=treeitem]");
    if (node && !event.target.closest(".qx-fold")) toggle(listing.rows[Number(node.dataset.place)]);
  });
  tree.addEventListener("keydown", (event) => {
    if (!listing || event.ctrlKey || event.metaKey || event.altKey) return;
    const at = listing.rows[active];
    const page = Math.max(1, Math.floor(tree.clientHeight / ROW) - 1);
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity };
    if (event.key in steps) move(selected < 0 && event.key === "ArrowDown" ? active : active + steps[event.key]);
    else if (event.key === "ArrowRight") toggle(at, true) || (body.end[at] > at + 1 && move(active + 1));
    else if (event.key === "ArrowLeft") toggle(at, false) || (body.parent[at] >= 0 && choose(body.parent[at], { reveal: true }));
    else if (event.key === "Enter" || event.key === " ") { choose(at); toggle(at); }
    else if (event.key === "/") search.focus();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });

  // --- beside the tree ---

  // In words: a window's name says what its object was read as, so its value would only repeat it.
  function reading(number) {
    const [name, value] = body.readings[number];
    return [escaped(name), name.endsWith(`.${value}`) ? "" : ` = ${escaped(value)}`];
  }
  function drawReadings() {
    const chosen = new Set(body ? body.readingsOf.get(selected) ?? [] : []);
    const all = body?.readings ?? [];
    const holder = (name) => name.slice(0, Math.max(0, name.lastIndexOf(".")));
    const holders = new Set(all.map(([name]) => holder(name)));
    const nodes = [];
    let group = "";
    let first = null;
    all.forEach(([name, value], number) => {
      // A window or a limit is the heading of its numbers, and leads to its object.
      const heads = holders.has(name);
      if (!heads && holder(name) && holder(name) !== group) nodes.push(make("div", { class: "qx-group", role: "presentation" }, escaped(holder(name))));
      group = heads ? name : holder(name);
      const node = make("div", {
        id: `${id}-reading-${number}`, role: "option", class: `qx-reading${heads ? " qx-group" : ""}`, "data-number": number,
        "aria-selected": String(chosen.has(number)), title: escaped(name),
      }, make("span", {}, escaped(heads ? name : name.slice(name.lastIndexOf(".") + 1))), ...(heads ? [] : [make("b", {}, escaped(value))]));
      if (chosen.has(number)) first ??= node;
      nodes.push(node);
    });
    if (!nodes.length) nodes.push(make("div", { class: "qx-quiet" }, body ? "nothing was read" : ""));
    readings.replaceChildren(...nodes);
    if (!first) return readings.removeAttribute("aria-activedescendant");
    readings.setAttribute("aria-activedescendant", first.id);
    const below = first.offsetTop + first.offsetHeight - readings.clientHeight;
    readings.scrollTop = Math.max(below, Math.min(readings.scrollTop, first.offsetTop));
  }
  function follow(number) {
    const at = body.readings[number]?.[2][0];
    if (at !== undefined) choose(at, { reveal: true });
  }
  readings.addEventListener("click", (event) => {
    const node = event.target.closest("[data-number]");
    if (node) follow(Number(node.dataset.number));
  });
  readings.addEventListener("keydown", (event) => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!body || !by) return;
    const now = Number(readings.querySelector("[aria-selected=true]")?.dataset.number ?? (by > 0 ? -1 : body.readings.length));
    follow(Math.max(0, Math.min(body.readings.length - 1, now + by)));
    event.preventDefault();
    event.stopPropagation();
  });

  function drawDetail() {
    if (!body || selected < 0) {
      detail.replaceChildren(make("p", { class: "qx-quiet" }, body ? "Choose a field, or a number above, to see which belongs to which." : ""));
      return;
    }
    const [status, readAs, rule, why, meaning] = body.note(selected);
    const [, , kind, value, , difference, was] = body.rows[selected];
    const items = [];
    const item = (name, ...inside) => inside.some((part) => part !== "") && items.push(make("dt", {}, name), make("dd", {}, ...inside));
    const path = escaped(body.path(selected));
    item("Path", make("code", {}, cut(path, LONGEST_DETAIL)));
    item("Status", `${SIGNS[status]} ${status}`);
    if (value === null) item("Value", `${kind} with ${many(body.children[selected], kind === "array" ? "element" : "member")}`);
    else {
      item("Value", make("code", {}, cut(body.value(selected), LONGEST_DETAIL)));
      item("Type", kind);
    }
    if (difference !== SAME) {
      const other = escaped(model.get("_sources")[model.get("compare_to")]?.label ?? "");
      const word = CHANGES[difference][1];
      item("Difference", difference === CHANGED ? `changed: ${escaped(cut(was, LONGEST_DETAIL))} in ${other}`
        : difference === REMOVED ? `${word}: only ${other} has it` : `${word}: ${other} does not have it`);
    }
    const numbers = body.readingsOf.get(selected) ?? [];
    item(status === "read" ? "Read as" : "Belongs to", numbers.length ? numbers.map((number) => reading(number).join("")).join("; ") : escaped(readAs));
    item("Rule", escaped(rule));
    item("Why", escaped(why));
    item("Meaning", meaning ? escaped(meaning) : status === "unknown" ? "not in the catalogue of known fields" : "");
    detail.replaceChildren(make("dl", {}, ...items));
  }

  function drawFilters() {
    const chosen = new Set(model.get("statuses"));
    const nodes = [...(body?.tally ?? [])].map(([status, number]) => button(`${SIGNS[status]} ${status} ${number.toLocaleString("en")}`, () => {
      const next = new Set(model.get("statuses"));
      if (!next.delete(status)) next.add(status);
      put({ statuses: Object.keys(SIGNS).filter((word) => next.has(word)) });
    }, { "aria-pressed": String(chosen.has(status)), class: "qx-button qx-filter" }));
    if (body?.compared) {
      const number = body.rows.reduce((sum, row) => sum + (row[CHANGE] !== SAME), 0);
      nodes.push(button(`≠ differences ${number.toLocaleString("en")}`, () => {
        onlyChanges = !onlyChanges;
        drawFilters();
        relist();
      }, { "aria-pressed": String(onlyChanges), class: "qx-button qx-filter" }));
    }
    // The focus stays on the button that was pressed.
    const at = [...filters.children].indexOf(document.activeElement);
    filters.replaceChildren(...nodes);
    if (at >= 0) filters.children[at]?.focus({ preventScroll: true });
  }

  function drawHead() {
    const source = model.get("_sources")[model.get("account")];
    const other = model.get("_sources")[model.get("compare_to")];
    head.replaceChildren();
    if (model.get("_title")) head.append(make("b", {}, model.get("_title")), " · ");
    if (!source) return;
    head.append(make("b", {}, escaped(source.label)), body?.fetched_at ? ` · fetched ${body.fetched_at}` : "");
    if (other) head.append(` · + only here, − only in ${escaped(other.label)}, ≠ changed`);
    if (source.note && body) head.append(` · ${source.note}`);
    if (source.remark && body) head.append(make("div", { class: "qx-remark" }, escaped(source.remark)));
    if (body && !body.complete) head.append(make("div", { class: "qx-remark" }, `Only the first ${many(body.count, "field")} are shown.`));
  }

  // --- the clipboard ---

  function copyRedacted() {
    copied.textContent = "copying…";
    manual.hidden = copying = true;
    model.send({ kind: "redact" });
  }
  async function redacted({ text }) {
    if (!copying) return; // another view asked
    copying = false;
    try {
      await navigator.clipboard.writeText(text);
      copied.textContent = "copied, redacted";
    } catch {
      offer(text); // no clipboard: the page is not served securely, or the browser says no
    }
  }
  function offer(text) {
    const area = make("textarea", { class: "qx-text", readonly: "", rows: "8", "aria-label": "Redacted JSON" });
    area.value = text;
    const close = button("Close", () => { manual.hidden = true; manual.replaceChildren(); });
    manual.replaceChildren(area, close);
    manual.hidden = false;
    area.focus({ preventScroll: true });
    area.select();
    const done = document.execCommand?.("copy");
    copied.textContent = done ? "copied, redacted" : "press Ctrl+C (⌘C) to copy";
  }

  // --- wiring ---

  const isCurrent = ({ pair: [shown, other], version }) => shown === model.get("account")
    && other === model.get("compare_to") && version === model.get("_version");
  let asked = false;
  function request() {
    account.draw();
    compare.draw();
    tree.setAttribute("aria-busy", "true");
    // Behind the new state, which is on its way when this turn of the loop ends; and once for several changes.
    if (!asked) queueMicrotask(() => { asked = false; model.send({ kind: "body" }); });
    asked = true;
  }
  function take(message) {
    if (message?.kind === "redacted") return redacted(message);
    if (message?.kind !== "body") return;
    if (!isCurrent(message)) return request(); // a state can be held back until the one before it is known to have arrived
    body = message.trouble === undefined ? new Body(message) : null;
    listing = null;
    selected = body ? model.get("selected_path") : -1;
    root.classList.toggle("qx-none", !body);
    tree.hidden = !body;
    trouble.hidden = Boolean(body);
    trouble.textContent = message.trouble ?? "";
    if (!body) { rows.replaceChildren(); found.textContent = ""; }
    // A small body needs no tall box; searching does not change its height.
    root.style.setProperty("--qx-lines", body ? Math.min(99, new Listing(body, { query: "", statuses: new Set() }).rows.length) : 0);
    tree.scrollTop = 0;
    tree.removeAttribute("aria-busy");
    drawHead();
    drawFilters();
    if (body && selected >= 0) { relist(); choose(selected, { tell: false, reveal: true }); } else relist();
    drawDetail();
    drawReadings();
  }
  function say(text) {
    alert.textContent = text;
    alert.hidden = !text;
    if (text) copied.textContent = "";
  }
  let frame = 0;
  let later = 0;
  search.value = model.get("search");
  search.addEventListener("input", () => {
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(relist);
    clearTimeout(later);
    later = setTimeout(() => put({ search: search.value }), 250);
  });
  search.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") tree.focus();
    else if (event.key !== "Escape" || !search.value) return;
    else { search.value = ""; relist(); put({ search: "" }); }
    event.preventDefault();
    event.stopPropagation();
  });
  const handlers = {
    "change:account change:compare_to change:_version": request,
    "change:_sources": () => { account.draw(); compare.draw(); drawHead(); },
    "change:_title": drawHead,
    "change:selected_path": () => {
      const at = model.get("selected_path");
      if (body && at !== selected && at < body.count) choose(at, { tell: false, reveal: true });
    },
    "change:search": () => { if (model.get("search") !== search.value) { search.value = model.get("search"); relist(); } },
    "change:statuses": () => { drawFilters(); relist(); },
    "change:_alert": () => say(model.get("_alert")),
    "change:_busy": () => { refresh.disabled = model.get("_busy"); refresh.textContent = model.get("_busy") ? "reading…" : "Read again"; },
    "change:_refreshable": () => { refresh.hidden = !model.get("_refreshable"); },
    "msg:custom": take,
  };
  // What goes wrong here is shown as well: the browser's console has no reader.
  for (const [name, handler] of Object.entries(handlers)) {
    handlers[name] = (...given) => {
      try {
        return handler(...given);
      } catch (error) {
        say(String(error));
        throw error;
      }
    };
    model.on(name, handlers[name]);
  }
  for (const name of ["change:_alert", "change:_busy", "change:_refreshable"]) handlers[name]();
  const sizes = new ResizeObserver(paint);
  sizes.observe(tree);
  request();
  return () => {
    sizes.disconnect();
    clearTimeout(later);
    cancelAnimationFrame(frame);
    for (const [name, handler] of Object.entries(handlers)) model.off(name, handler);
  };
}

export default { render };
