// Small helpers around the document.

export const byId = (id) => document.getElementById(id);

/** An element with a class and text; text is never parsed as HTML. */
export function element(tag, className = "", text = "") {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== "") made.textContent = text;
  return made;
}

/** Writes only when the text differs, because every write can cost a layout. */
export function setText(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

/** A table row of `[text or node, class]` cells. */
export function row(cells, className = "", tag = "td") {
  const line = element("tr", className);
  for (const [content, cellClass] of cells) {
    const cell = element(tag, cellClass ?? "");
    cell.append(...(Array.isArray(content) ? content : [content]));
    if (tag === "th") cell.scope = "col";
    line.append(cell);
  }
  return line;
}

export function table(headings, rows) {
  const made = element("table");
  const head = element("thead");
  const body = element("tbody");
  head.append(row(headings, "", "th"));
  body.append(...rows);
  made.append(head, body);
  return made;
}

export function clockText(seconds) {
  const whole = Math.max(0, Math.ceil(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
