// The bars and the table of the panel: shows what the kernel made, reports clicks on names, sorts and searches the table,
// and shows under the pointer what else is known of a window.

function render({ model, el }) {
  const root = document.createElement("div");
  root.className = "qp-board";
  const place = document.createElement("div");
  place.className = "qp-place";
  const find = document.createElement("input");
  Object.assign(find, { type: "search", className: "qp-find", placeholder: "search the table" });
  find.setAttribute("aria-label", "Search the table");
  const card = document.createElement("div");
  card.className = "qp-card";
  card.setAttribute("role", "tooltip");
  card.hidden = true;
  root.append(find, place, card);
  el.append(root);
  let by = -1; // the column that the table is sorted by
  let down = false;

  function draw() {
    const held = place.contains(document.activeElement) ? document.activeElement.dataset : {};
    place.innerHTML = model.get("html");
    card.hidden = true;
    find.hidden = !place.querySelector(".qp-sorted");
    arrange();
    const again = held.only ? `[data-only="${held.only}"]` : held.sort ? `[data-sort="${held.sort}"]` : "";
    if (again) place.querySelector(again)?.focus({ preventScroll: true });
  }
  function arrange() {
    const body = place.querySelector(".qp-sorted tbody");
    if (!body) return;
    const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    const rows = [...body.rows];
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
    }
    if (by >= 0) {
      const value = (row) => row.cells[by].dataset.v;
      const order = (a, b) => {
        const [one, other] = [value(a), value(b)];
        if (one === "" || other === "") return (one === "") - (other === ""); // unknown comes last, both ways
        const numbers = one - other;
        return (Number.isNaN(numbers) ? one.localeCompare(other) : numbers) * (down ? -1 : 1);
      };
      body.append(...rows.sort(order));
    }
    for (const head of place.querySelectorAll(".qp-sorted thead th")) {
      const mine = head.cellIndex === by;
      head.setAttribute("aria-sort", mine ? (down ? "descending" : "ascending") : "none");
    }
  }
  place.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button?.dataset.only) model.send({ only: Number(button.dataset.only) });
    if (button?.dataset.sort) {
      const at = Number(button.dataset.sort);
      down = at === by && !down;
      by = at;
      arrange();
    }
  });
  find.addEventListener("input", arrange);
  find.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !find.value) return;
    find.value = "";
    arrange();
    event.stopPropagation();
  });
  root.addEventListener("pointermove", (event) => {
    const cell = event.target.closest("[data-more]");
    card.hidden = !cell;
    if (!cell) return;
    card.textContent = cell.dataset.more;
    const box = root.getBoundingClientRect();
    const left = Math.min(event.clientX - box.left + 14, box.width - card.offsetWidth - 4);
    const below = event.clientY - box.top + 18;
    const fits = below + card.offsetHeight <= Math.max(box.height, card.offsetHeight + 4);
    card.style.left = `${Math.max(0, left)}px`;
    card.style.top = `${fits ? below : Math.max(0, event.clientY - box.top - card.offsetHeight - 10)}px`;
  });
  root.addEventListener("pointerleave", () => { card.hidden = true; });
  model.on("change:html", draw);
  draw();
  return () => model.off("change:html", draw);
}

export default { render };
