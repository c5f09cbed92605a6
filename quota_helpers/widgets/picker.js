// The account picker: a search field, a list to tick, and the chosen ones as chips.
// The focus stays in the search field (the list is driven by aria-activedescendant), because JupyterLab's command mode
// takes the keys of everything that is not a text field.

let pickers = 0;

function make(tag, attributes = {}, text = "") {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.textContent = text;
  return node;
}

function render({ model, el }) {
  const CHIPS = 12;
  const id = `quota-picker-${++pickers}`;
  let active = -1; // index into labels, or -1
  let shown = []; // indices that match what was typed
  let chosen = new Set(model.get("chosen"));

  const root = make("div", { class: "qp-picker", role: "group", "aria-label": "Accounts" });
  const bar = make("div", { class: "qp-pickbar" });
  const caption = make("label", { for: `${id}-find`, class: "qp-caption" }, "Accounts");
  const find = make("input", {
    id: `${id}-find`, type: "search", class: "qp-find", role: "combobox", autocomplete: "off", spellcheck: "false",
    placeholder: "type to find, Enter ticks", "aria-label": "Find account", "aria-expanded": "true",
    "aria-controls": `${id}-list`, "aria-autocomplete": "list",
  });
  const button = (text, label, act) => {
    const node = make("button", { type: "button", class: "qp-button", "aria-label": label }, text);
    node.addEventListener("click", act);
    return node;
  };
  const all = button("All", "Select all accounts", () => choose(model.get("labels").map((_, index) => index)));
  const none = button("None", "Select no account", () => choose([]));
  const only = button("Only found", "Select only the accounts found", () => choose(shown));
  const count = make("span", { class: "qp-count", role: "status" });
  const list = make("ul", {
    id: `${id}-list`, class: "qp-list", role: "listbox", "aria-multiselectable": "true", "aria-label": "Accounts",
  });
  const chips = make("div", { class: "qp-chips", role: "group", "aria-label": "Selected accounts" });
  bar.append(caption, find, all, none, only, count);
  root.append(bar, list, chips);
  el.append(root);

  function choose(indices) {
    model.set("chosen", [...new Set(indices)].sort((a, b) => a - b));
    model.save_changes();
  }
  function toggle(index) {
    const next = new Set(chosen);
    if (!next.delete(index)) next.add(index);
    choose(next);
  }
  function matches() {
    const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    return model.get("labels")
      .map((label, index) => [label.toLowerCase(), index])
      .filter(([label]) => words.every((word) => label.includes(word)))
      .map(([, index]) => index);
  }
  function drawList() {
    const labels = model.get("labels");
    const notes = model.get("notes");
    shown = matches();
    if (!shown.includes(active)) active = find.value && shown.length ? shown[0] : -1;
    list.replaceChildren(...shown.map((index) => {
      const option = make("li", { id: `${id}-${index}`, role: "option", "data-index": index, title: labels[index] });
      option.append(make("span", { class: "qp-tick", "aria-hidden": "true" }), make("span", { class: "qp-name" }, labels[index]));
      if (notes[index]) option.append(make("span", { class: "qp-note" }, notes[index]));
      return option;
    }));
    if (!shown.length) list.append(make("li", { class: "qp-nothing" }, labels.length ? "no account is called that" : "no account"));
    only.hidden = !find.value || !shown.length;
    only.textContent = shown.length === 1 ? "Only this one" : `Only these ${shown.length}`;
    drawChoice();
    drawActive();
  }
  function drawChoice() {
    const labels = model.get("labels");
    for (const option of list.querySelectorAll("[role=option]")) {
      option.setAttribute("aria-selected", String(chosen.has(Number(option.dataset.index))));
    }
    const picked = labels.map((_, index) => index).filter((index) => chosen.has(index));
    count.textContent = `${picked.length} of ${labels.length} selected`;
    const some = picked.length < labels.length;
    chips.replaceChildren(...(some ? picked.slice(0, CHIPS) : []).map((index) => {
      const chip = make("button", { type: "button", class: "qp-chip", "aria-label": `Remove ${labels[index]}` }, `${labels[index]} ×`);
      chip.addEventListener("click", () => { toggle(index); find.focus(); });
      return chip;
    }));
    if (some && picked.length > CHIPS) chips.append(make("span", { class: "qp-more" }, `and ${picked.length - CHIPS} more`));
    chips.hidden = !some || !picked.length;
  }
  function drawActive() {
    for (const option of list.querySelectorAll(".qp-active")) option.classList.remove("qp-active");
    const option = active < 0 ? null : list.querySelector(`[data-index="${active}"]`);
    if (!option) return find.removeAttribute("aria-activedescendant");
    option.classList.add("qp-active");
    find.setAttribute("aria-activedescendant", option.id);
    // Not scrollIntoView: that would move the notebook, too.
    if (option.offsetTop < list.scrollTop) list.scrollTop = option.offsetTop;
    const below = option.offsetTop + option.offsetHeight - list.clientHeight;
    if (below > list.scrollTop) list.scrollTop = below;
  }
  function move(by) {
    if (!shown.length) return;
    const at = shown.indexOf(active);
    active = shown[at < 0 ? (by > 0 ? 0 : shown.length - 1) : (at + by + shown.length) % shown.length];
    drawActive();
  }

  find.addEventListener("input", () => { active = -1; drawList(); });
  find.addEventListener("keydown", (event) => {
    if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    if (event.key === "ArrowDown") move(1);
    else if (event.key === "ArrowUp") move(-1);
    else if (event.key === "Enter" && active >= 0) toggle(active);
    else if (event.key === "Escape" && find.value) { find.value = ""; active = -1; drawList(); }
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  find.addEventListener("blur", () => { active = find.value ? active : -1; drawActive(); });
  list.addEventListener("mousedown", (event) => { event.preventDefault(); find.focus({ preventScroll: true }); });
  list.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (!option) return;
    active = Number(option.dataset.index);
    toggle(active);
    drawActive();
  });

  const onChosen = () => { chosen = new Set(model.get("chosen")); drawChoice(); };
  const onMessage = (message) => {
    // The kernel asks whether anybody still looks at this: a closed page cannot say goodbye, but it cannot answer either.
    if (message?.kind === "ping") model.send({ kind: "pong", ping: message.ping });
  };
  model.on("change:labels change:notes", drawList);
  model.on("change:chosen", onChosen);
  model.on("msg:custom", onMessage);
  drawList();
  return () => {
    model.off("change:labels change:notes", drawList);
    model.off("change:chosen", onChosen);
    model.off("msg:custom", onMessage);
  };
}

export default { render };
