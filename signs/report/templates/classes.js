// The table of the classes, sorted by any column and filtered by name.

const table = byId("class-table");
const collator = new Intl.Collator("en", { numeric: true });

function valueIn(row, column) {
  const { text, value } = row.cells[column].dataset;
  return text ?? (value === "" ? null : Number(value));
}

function sortTable(button) {
  const header = button.closest("th");
  const direction = header.getAttribute("aria-sort") === "ascending" ? -1 : 1;
  table.querySelector("[aria-sort]")?.removeAttribute("aria-sort");
  header.setAttribute("aria-sort", direction === 1 ? "ascending" : "descending");
  const keyed = [...table.tBodies[0].rows].map((row) => [valueIn(row, button.dataset.column), row]);
  keyed.sort(([one], [other]) => {
    if (one === null || other === null) return (one === null) - (other === null); // undefined values come last
    return direction * (typeof one === "string" ? collator.compare(one, other) : one - other);
  });
  table.tBodies[0].append(...keyed.map(([, row]) => row));
}

function filterTable() {
  const wanted = byId("class-filter").value.trim().toLowerCase();
  const rows = [...table.tBodies[0].rows];
  for (const row of rows) row.hidden = !row.dataset.name.toLowerCase().includes(wanted);
  byId("class-count").value = `${rows.filter((row) => !row.hidden).length} of ${rows.length} classes`;
}

table.tHead.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button) sortTable(button);
});
byId("class-filter").addEventListener("input", filterTable);
if (byId("class-filter").value) filterTable(); // kept by the browser on reload
