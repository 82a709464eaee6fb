"use strict";
// Line numbers, jumps to findings and dropped files; the page works without them.
const form = document.getElementById("files");
const dropped = document.getElementById("dropped");
const texts = [...form.querySelectorAll("textarea")];

function offsetOfLine(text, line) { // in pixels, with some lines above it
  return Math.max(0, (line - 4) * (text.scrollHeight / text.value.split("\n").length));
}

function number(text) {
  const gutter = document.createElement("div");
  const marks = new Map(text.dataset.marks.split(" ").map((one) => one.split(":")));
  gutter.className = "gutter";
  gutter.setAttribute("aria-hidden", "true");
  const draw = () => {
    const count = text.value.split("\n").length;
    if (gutter.childElementCount === count) return;
    gutter.replaceChildren(...Array.from({ length: count }, (_, index) => {
      const line = document.createElement("span");
      line.textContent = String(index + 1);
      if (marks.has(line.textContent)) line.className = `marked ${marks.get(line.textContent)}`;
      return line;
    }));
  };
  text.before(gutter);
  text.parentElement.classList.add("ruled");
  text.addEventListener("scroll", () => { gutter.scrollTop = text.scrollTop; });
  text.addEventListener("input", () => { marks.clear(); draw(); });
  draw();
  if (marks.size) text.scrollTop = offsetOfLine(text, Math.min(...[...marks.keys()].map(Number)));
}

// Findings count columns in characters, text areas in units of UTF-16.
function offset(value, line, column) {
  let start = 0;
  for (let passed = 1; passed < line; passed += 1) start = value.indexOf("\n", start) + 1 || value.length;
  const end = value.indexOf("\n", start);
  const whole = value.slice(start, end < 0 ? value.length : end);
  return start + Array.from(whole).slice(0, column - 1).join("").length;
}

function jump(event) {
  const text = texts[Number(this.dataset.file)];
  const [line, column, endLine, endColumn] = this.dataset.place.split(" ").map(Number);
  event.preventDefault();
  text.focus({ preventScroll: true });
  text.setSelectionRange(offset(text.value, line, column), offset(text.value, endLine, endColumn));
  text.scrollTop = offsetOfLine(text, line);
  const advance = parseFloat(getComputedStyle(text).fontSize) * 0.6; // of one character of a fixed-width font
  text.scrollLeft = Math.max(0, (column - 20) * advance);
  text.scrollIntoView({ block: "nearest" });
}

function take(files) {
  const names = new Set([...files].map((one) => one.name));
  texts.forEach((text, index) => {
    const path = document.getElementById(`path-${index}`).value;
    if (names.has(path.split("/").pop())) text.value = "";
  });
  dropped.files = files;
  form.requestSubmit();
}

texts.forEach(number);
document.querySelectorAll("a.jump").forEach((one) => one.addEventListener("click", jump));
form.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
});
document.addEventListener("dragover", (event) => {
  event.preventDefault();
  form.classList.add("over");
});
document.addEventListener("dragleave", () => form.classList.remove("over"));
document.addEventListener("drop", (event) => {
  event.preventDefault();
  form.classList.remove("over");
  if (event.dataTransfer.files.length) take(event.dataTransfer.files);
});
