"use strict";
const field = document.getElementById("search");
const found = document.getElementById("found");
const items = [...document.querySelectorAll("[data-item]")];
function search() {
  const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const item of items) {
    const text = item.textContent.toLowerCase();
    item.hidden = !words.every((word) => text.includes(word));
    if (!item.hidden) shown += 1;
  }
  for (const group of document.querySelectorAll("[data-group]")) {
    group.hidden = !group.querySelector("[data-item]:not([hidden])");
  }
  found.textContent = words.length ? `${shown} of ${items.length} found` : "";
}
field.parentElement.hidden = false;
field.addEventListener("input", search);
search();
