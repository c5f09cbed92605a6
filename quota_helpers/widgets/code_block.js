// Code to read and to copy: a caption, a button, and the text in a <pre> that can be selected with the mouse.

function make(tag, attributes = {}, text = "") {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.textContent = text;
  return node;
}

async function copy(text, pre) {
  // The clipboard is there on https and on this machine; a JupyterLab over plain http has only the old way.
  if (navigator.clipboard && window.isSecureContext) return navigator.clipboard.writeText(text);
  window.getSelection().selectAllChildren(pre);
  if (!document.execCommand("copy")) throw new Error("the browser refused");
}

function render({ model, el }) {
  const root = make("div", { class: "qb-code", role: "group", "aria-label": "Code of the chart" });
  const bar = make("div", { class: "qb-codebar" });
  const caption = make("span", { class: "qb-quiet" });
  const button = make("button", { type: "button", class: "qb-button" }, "Copy code");
  const status = make("span", { class: "qb-quiet", role: "status" });
  const pre = make("pre");
  const code = make("code");
  pre.append(code);
  bar.append(caption, button, status);
  root.append(bar, pre);
  el.append(root);

  button.addEventListener("click", () =>
    copy(model.get("code"), pre).then(
      () => { status.textContent = "copied: paste it into a cell"; },
      () => {
        window.getSelection().selectAllChildren(pre);
        status.textContent = "selected: copy it with Ctrl+C";
      },
    ));
  const draw = () => {
    caption.textContent = model.get("caption");
    code.textContent = model.get("code");
    status.textContent = "";
  };
  model.on("change:code change:caption", draw);
  draw();
  return () => model.off("change:code change:caption", draw);
}

export default { render };
