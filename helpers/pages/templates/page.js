// What pages do: fold all code, sort a table by a column, search it. Without script all is readable.
document.getElementById("all-code").addEventListener("click", function () {
  var open = this.getAttribute("aria-pressed") !== "true";
  this.setAttribute("aria-pressed", open);
  this.textContent = open ? "Hide code" : "Show code";
  document.body.classList.toggle("with-code", open);
  document.querySelectorAll("details.code").forEach(function (d) { d.open = open; });
});

function cellValue(row, column) {
  var cell = row.cells[column];
  var value = cell.dataset.value === undefined ? cell.textContent.trim() : cell.dataset.value;
  var number = Number(value.replace(/[,%]/g, ""));
  return value === "" || isNaN(number) ? value.toLowerCase() : number;
}

function sortBy(table, column, down) {
  var rows = Array.from(table.tBodies[0].rows);
  rows.sort(function (a, b) {
    var x = cellValue(a, column), y = cellValue(b, column);
    if (typeof x !== typeof y) { x = String(x); y = String(y); }
    return (x < y ? -1 : x > y ? 1 : 0) * (down ? -1 : 1);
  });
  rows.forEach(function (row) { table.tBodies[0].appendChild(row); });
}

document.querySelectorAll("table.sortable").forEach(function (table) {
  Array.from(table.tHead.rows[0].cells).forEach(function (head, column) {
    var button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    head.textContent = "";
    head.appendChild(button);
    button.addEventListener("click", function () {
      var down = head.getAttribute("aria-sort") !== "descending";
      table.querySelectorAll("th[aria-sort]").forEach(function (h) { h.removeAttribute("aria-sort"); });
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      sortBy(table, column, down);
    });
  });
});

// One field searches the table of columns and their cards.
document.querySelectorAll("#every-column").forEach(function (place) {
  var rows = place.querySelectorAll("table.sortable tbody tr"), cards = place.querySelectorAll(".xp-card");
  var label = document.createElement("label"), field = document.createElement("input");
  label.className = "xp-search";
  field.type = "search";
  field.placeholder = "Search columns by name or kind";
  field.setAttribute("aria-label", "Search columns by name or kind");
  label.appendChild(field);
  place.insertBefore(label, place.querySelector(".xp-scroll"));
  field.addEventListener("input", function () {
    var wanted = field.value.toLowerCase();
    rows.forEach(function (row) {
      row.hidden = (row.cells[0].textContent + " " + row.cells[1].textContent).toLowerCase().indexOf(wanted) < 0;
    });
    cards.forEach(function (card) {
      card.hidden = card.querySelector("h3").textContent.toLowerCase().indexOf(wanted) < 0;
    });
  });
});
