// What answers are shown with.

export function element(tag, text, className) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

/** A list of what was found, each with a score and a bar as long as that. */
export function ranking(rows, digits = 3) {
  const list = element("ol", undefined, "found");
  const longest = Math.max(...rows.map(({ score }) => Math.abs(score)), 1e-9);
  list.append(
    ...rows.map(({ text, score }) => {
      const item = element("li");
      item.append(bar(Math.max(score, 0) / Math.max(longest, 1)), element("span", text));
      item.append(element("span", score.toFixed(digits), "score"));
      return item;
    }),
  );
  return list;
}

/** Drawn, because a page without inline styles sets no width. */
function bar(share) {
  const drawn = (name) => document.createElementNS("http://www.w3.org/2000/svg", name);
  const svg = drawn("svg");
  svg.setAttribute("class", "bar");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("viewBox", "0 0 1 1");
  const rect = drawn("rect");
  rect.setAttribute("width", String(Math.min(share, 1)));
  rect.setAttribute("height", "1");
  svg.append(rect);
  return svg;
}

/** A text in which spans are marked. */
export function marked(text, spans) {
  const shown = element("p", undefined, "text");
  let at = 0;
  for (const { start, end, label } of spans) {
    const mark = element("mark", text.slice(start, end));
    if (label) mark.append(element("span", label, "label"));
    shown.append(text.slice(at, start), mark);
    at = end;
  }
  shown.append(text.slice(at));
  return shown;
}
