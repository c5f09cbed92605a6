// The account picker: type a name and Enter shows that one; a list to tick several opens below while it is used.
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
  const id = `quota-picker-${++pickers}`;
  let active = -1; // index into labels, or -1
  let shown = []; // indices that match what was typed, the best match first
  let chosen = new Set(model.get("chosen"));

  const root = make("div", { class: "qp-picker", role: "group", "aria-label": "Accounts" });
  const find = make("input", {
    id: `${id}-find`, type: "search", class: "qp-find", role: "combobox", autocomplete: "off", spellcheck: "false",
    placeholder: "find a login, Enter shows it", "aria-label": "Find account", "aria-expanded": "false",
    "aria-controls": `${id}-list`, "aria-autocomplete": "list", title: "Enter: only this one · Shift+Enter: this one, too",
  });
  const button = (text, label, act) => {
    const node = make("button", { type: "button", class: "qp-button", "aria-label": label }, text);
    node.addEventListener("click", act);
    return node;
  };
  const everyone = () => choose(model.get("labels").map((_, index) => index));
  const count = make("span", { class: "qp-count", role: "status" });
  const back = button("show all", "Show all accounts", everyone);
  const popup = make("div", { class: "qp-popup" });
  const bar = make("div", { class: "qp-pickbar" });
  const only = button("", "Show only the accounts found", () => { choose(shown); close(); });
  const list = make("ul", {
    id: `${id}-list`, class: "qp-list", role: "listbox", "aria-multiselectable": "true", "aria-label": "Accounts",
  });
  bar.append(button("all", "Select all accounts", everyone), button("none", "Select no account", () => choose([])), only);
  popup.append(bar, list);
  popup.hidden = true;
  root.append(find, count, back, popup);
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
  function showOnly(index) {
    choose([index]);
    find.value = "";
    close();
  }
  function open() {
    if (!popup.hidden) return;
    popup.hidden = false;
    find.setAttribute("aria-expanded", "true");
    drawList();
  }
  function close() {
    popup.hidden = true;
    find.setAttribute("aria-expanded", "false");
    active = -1;
    drawActive();
  }
  function matches() {
    const typed = find.value.toLowerCase().trim();
    const words = typed.split(/\s+/).filter(Boolean);
    const rank = (label) => (label === typed ? 0 : label.startsWith(typed) ? 1 : 2);
    return model.get("labels")
      .map((label, index) => [label.toLowerCase(), index])
      .filter(([label]) => words.every((word) => label.includes(word)))
      .sort(([one], [other]) => (typed ? rank(one) - rank(other) : 0))
      .map(([, index]) => index);
  }
  function drawList() {
    if (popup.hidden) return drawChoice();
    const labels = model.get("labels");
    const notes = model.get("notes");
    shown = matches();
    if (!shown.includes(active)) active = find.value && shown.length ? shown[0] : -1;
    list.replaceChildren(...shown.map((index) => {
      const option = make("li", { id: `${id}-${index}`, role: "option", "data-index": index, title: labels[index] });
      option.append(make("span", { class: "qp-tick", "aria-hidden": "true" }), make("span", { class: "qp-label" }, labels[index]));
      if (notes[index]) option.append(make("span", { class: "qp-note" }, notes[index]));
      return option;
    }));
    if (!shown.length) list.append(make("li", { class: "qp-nothing" }, labels.length ? "no login is called that" : "no login"));
    only.hidden = !find.value || !shown.length;
    only.textContent = shown.length === 1 ? "only this one" : `only these ${shown.length}`;
    drawChoice();
    drawActive();
  }
  function drawChoice() {
    for (const option of list.querySelectorAll("[role=option]")) {
      option.setAttribute("aria-selected", String(chosen.has(Number(option.dataset.index))));
    }
    const all = model.get("labels").length;
    const picked = [...chosen].filter((index) => index < all).length;
    count.textContent = picked === all ? "" : `${picked} of ${all} shown`;
    back.hidden = picked === all;
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
    open();
    if (!shown.length) return;
    const at = shown.indexOf(active);
    active = shown[at < 0 ? (by > 0 ? 0 : shown.length - 1) : (at + by + shown.length) % shown.length];
    drawActive();
  }

  find.addEventListener("input", () => { active = -1; if (popup.hidden) open(); else drawList(); });
  find.addEventListener("keydown", (event) => {
    if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "ArrowDown") move(1);
    else if (event.key === "ArrowUp") move(-1);
    else if (event.key === "Enter" && active >= 0) event.shiftKey ? toggle(active) : showOnly(active);
    else if (event.key === "Escape" && (find.value || !popup.hidden)) { find.value = ""; close(); }
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  find.addEventListener("mousedown", open);
  root.addEventListener("focusout", (event) => { if (!root.contains(event.relatedTarget)) close(); });
  list.addEventListener("mousedown", (event) => { event.preventDefault(); find.focus({ preventScroll: true }); });
  list.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (!option) return;
    const index = Number(option.dataset.index);
    if (!event.target.closest(".qp-tick")) return showOnly(index);
    active = index;
    toggle(index);
    drawActive();
  });

  const onChosen = () => { chosen = new Set(model.get("chosen")); drawChoice(); };
  const onMessage = (message) => {
    // The kernel asks whether anybody still looks at this: a closed page cannot say goodbye, but it cannot answer either.
    if (message?.kind === "ping") model.send({ kind: "pong" });
  };
  model.on("change:labels change:notes", drawList);
  model.on("change:chosen", onChosen);
  model.on("msg:custom", onMessage);
  drawChoice();
  return () => {
    model.off("change:labels change:notes", drawList);
    model.off("change:chosen", onChosen);
    model.off("msg:custom", onMessage);
  };
}

export default { render };
