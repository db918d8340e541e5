// Makes tables of this page's data with DataTables, which stands above as `bundle`.
(() => {
  "use strict";
  const DataTable = bundle.default;
  const filters = document.querySelector("#filters");
  const pair = document.querySelector("#pair"); // the two entries to compare, part of the filters
  const controls = filters ? [...filters.elements].filter(({ name }) => name) : [];
  const opened = new Map();

  // A cell's HTML as elements, and as text.
  const elements = (html) => {
    const template = document.createElement("template");
    template.innerHTML = html;
    return template.content;
  };
  const plain = (html) => (/[<&]/.test(html) ? elements(html).textContent : html);

  // Ranks of numbers from 1 on; a missing number (0) is last in both directions.
  const missing = (a, b) => (a === 0) - (b === 0);
  DataTable.type("measure", { order: {
    asc: (a, b) => missing(a, b) || a - b,
    desc: (a, b) => missing(a, b) || b - a,
  } });

  const shown = (group) => {
    const wanted = filters.elements.columns.value;
    return !group || wanted === "*" || group === wanted || group.startsWith(`${wanted || "-"} `);
  };
  // A row is { index }; its cell is cells[codes[index]], see cells.py.
  const column = ({ name, kind, best_first, group, cells, codes, order, texts = [] }) => ({
    name,
    className: kind,
    type: order ? "measure" : "string",
    orderable: kind !== "drawn",
    orderSequence: best_first ? ["desc", "asc", ""] : ["asc", "desc", ""],
    visible: shown(group),
    data: ({ index }, type) => {
      const code = codes[index];
      if (type === "filter") return texts[code] ??= DataTable.util.stripHtml(cells[code]);
      return type !== "sort" ? cells[code] : order ? order[code] : plain(cells[code]);
    },
  });

  // What is on the screen, all pages of it, as rows of text; intervals get columns of their own.
  const exported = (table, columns) => {
    const visible = columns.filter(({ kind }, index) => kind !== "drawn" && table.column(index).visible())
      .flatMap(({ title, cells, codes, parts }) => Object.entries(parts ?? { "": cells.map(plain) })
        .map(([part, texts]) => ({ head: `${title} ${part}`.trim(), texts, codes })));
    const rows = table.rows({ search: "applied" }).data().toArray()
      .map(({ index }) => visible.map(({ texts, codes }) => texts[codes[index]]));
    return [visible.map(({ head }) => head), ...rows]
      .map((row) => row.map((text) => text.replace(/[\r\n\t]+/g, " ")));
  };
  const guarded = (text) => (/^[=+\-@]/.test(text) && !Number.isFinite(Number(text)) ? `'${text}` : text);
  const csv = (rows) =>
    rows.map((row) => row.map((text) => `"${guarded(text).replaceAll('"', '""')}"`).join(",")).join("\r\n");
  const LATEX = { "\\": "\\textbackslash{}", "~": "\\textasciitilde{}", "^": "\\textasciicircum{}",
    "<": "\\textless{}", ">": "\\textgreater{}", "↑": "$\\uparrow$", "↓": "$\\downarrow$", "–": "--" };
  const latex = (rows) => {
    const lines = rows.map((row) =>
      `${row.map((text) => text.replace(/[\\~^<>↑↓–&%$#_{}]/g, (c) => LATEX[c] ?? `\\${c}`)).join(" & ")} \\\\`);
    return [`\\begin{tabular}{${"l".repeat(rows[0].length)}}`, "\\toprule", lines[0], "\\midrule",
      ...lines.slice(1), "\\bottomrule", "\\end{tabular}"].join("\n");
  };
  const copy = (name, write, columns) => ({
    extend: "copyHtml5", text: `Copy ${name}`, title: null,
    customize: (_text, _config, table) => write(exported(table, columns)),
  });

  // Show the rows whose cells pass all filters; a filter acts on the column of its name.
  const apply = ({ table, columns }) => {
    const tests = [];
    const add = (name, passes) => {
      const found = columns.find((one) => one.name === name);
      if (!found) return;
      const passing = found.cells.map(passes);
      tests.push(({ index }) => passing[found.codes[index]]);
    };
    for (const { name, value } of controls)
      if (value) add(name, (cell) => plain(cell) === value);
    const sides = columns.filter(({ name }) => name === "first" || name === "second");
    if (sides.length) // each entry that is chosen stands on one side or the other
      for (const value of chosenPair())
        tests.push(({ index }) => sides.some(({ cells, codes }) => plain(cells[codes[index]]) === value));
    if (filters.elements.clean.checked)
      add("marks", (cell) => !elements(cell).querySelector(".mark.contaminated"));
    table.search(filters.elements.search.value);
    table.search.fixed("filters", tests.length === 0 ? null
      : (_text, row) => tests.every((test) => test(row)));
    table.draw();
  };

  const chosenPair = () => pair ? [...pair.querySelectorAll("select")].map(({ value }) => value).filter(Boolean) : [];
  const filtering = () => controls.some(({ name, type, checked, value }) =>
    name !== "columns" && (type === "checkbox" ? checked : value));
  const refresh = () => {
    const lane = filters.elements.lane?.value;
    for (const part of document.querySelectorAll("[data-lane]"))
      part.hidden = Boolean(lane) && part.dataset.lane !== lane;
    if (chosenPair().length) pair.nextElementSibling.open = true;
    opened.forEach(update);
    remember();
  };
  // The address has what is chosen, so that it can be sent to others.
  const remember = () => {
    const chosen = controls.map(({ type, name, value, checked }) => [name, type === "checkbox" ? checked && "1" : value])
      .filter(([, value]) => value);
    const query = chosen.length ? `?${new URLSearchParams(chosen)}` : location.pathname;
    history.replaceState(null, "", query + location.hash);
  };
  const recall = () => {
    const chosen = new URLSearchParams(location.search);
    for (const control of controls) {
      const value = chosen.get(control.name) ?? "";
      if (control.type === "checkbox") control.checked = value === "1";
      else control.value = value;
      if (control.selectedIndex === -1) control.selectedIndex = 0; // not a choice on this page
    }
    if (chosen.size) refresh();
  };
  const update = (one) => {
    one.columns.forEach(({ group }, index) => {
      const column = one.table.column(index);
      if (column.visible() !== shown(group)) column.visible(shown(group), false);
    });
    apply(one);
  };

  const skeleton = ({ caption, columns }) => {
    const element = document.createElement("table");
    element.createCaption().textContent = caption;
    const row = element.createTHead().insertRow();
    for (const { name, title, kind } of columns) {
      const head = document.createElement("th");
      Object.assign(head, { scope: "col", className: kind, textContent: title });
      head.dataset.name = name;
      row.append(head);
    }
    return element;
  };

  const open = (holder) => {
    if (opened.has(holder)) return opened.get(holder).table;
    const data = JSON.parse(holder.querySelector("script").textContent);
    const { columns, rows, breaks } = data;
    const element = skeleton(data);
    holder.replaceChildren(element);
    const table = new DataTable(element, {
      data: Array.from({ length: rows }, (_, index) => ({ index })), columns: columns.map(column),
      createdRow: (row, _data, index) => { if (breaks.includes(index)) row.className = "new"; },
      autoWidth: false, orderClasses: false, order: [],
      pageLength: 50, lengthMenu: [25, 50, 100, 500, { label: "all", value: -1 }],
      paging: rows > 50, info: rows > 10,
      language: { entries: { _: "rows", 1: "row" }, lengthMenu: "_MENU_ rows per page",
        zeroRecords: "no row passes the filters" },
      layout: { topStart: null, topEnd: null, bottomStart: rows > 10 ? "info" : null,
        bottomEnd: [rows > 50 ? "pageLength" : null, rows > 50 ? "paging" : null,
          { buttons: [copy("CSV", csv, columns), copy("LaTeX", latex, columns)] }].filter(Boolean) },
    });
    table.on("order", () => element.classList.add("sorted"));
    const scroller = element.closest(".dt-layout-table");
    for (const name of ["role", "tabindex", "aria-label"]) {
      scroller.setAttribute(name, holder.getAttribute(name));
      holder.removeAttribute(name);
    }
    opened.set(holder, { table, columns });
    if (filtering()) apply(opened.get(holder));
    return table;
  };

  // A place on the page: what is folded around it is unfolded; a record's row is brought up.
  const reveal = () => {
    const record = location.hash.match(/^#r(\d+)$/);
    const place = document.getElementById(record ? "records" : location.hash.slice(1));
    if (!place) return;
    const around = place.closest("details") ?? place.querySelector(":scope > details");
    if (around) around.open = true;
    for (const holder of document.querySelectorAll(".data")) // above it, nothing may still grow
      if (holder.compareDocumentPosition(place) & Node.DOCUMENT_POSITION_FOLLOWING &&
          !holder.closest("details:not([open])")) open(holder);
    if (!record) return place.scrollIntoView();
    const table = open(place.querySelector(".data")), index = Number(record[1]);
    if (!table.rows({ search: "applied" }).indexes().toArray().includes(index)) {
      filters.reset();
      refresh();
    }
    const position = table.rows({ search: "applied" }).indexes().toArray().indexOf(index);
    table.page(Math.floor(position / table.page.len())).draw("page");
    const row = table.row(index).node();
    place.querySelectorAll("tr.wanted").forEach((other) => other.classList.remove("wanted"));
    row.classList.add("wanted");
    row.scrollIntoView({ block: "center" });
    row.querySelector("a").focus({ preventScroll: true });
  };

  if (filters) {
    filters.hidden = false;
    filters.addEventListener("submit", (event) => event.preventDefault());
    for (const control of controls) control.addEventListener("input", refresh);
    if (pair) pair.hidden = false;
    filters.addEventListener("reset", () => setTimeout(refresh)); // after the reset itself
    recall();
  }
  const watcher = new IntersectionObserver((entries) =>
    entries.filter((entry) => entry.isIntersecting).forEach(({ target }) => {
      watcher.unobserve(target);
      open(target);
    }), { rootMargin: "200% 0px" });
  document.querySelectorAll(".data").forEach((holder) => watcher.observe(holder));
  addEventListener("beforeprint", () => document.querySelectorAll(".data").forEach(open));
  addEventListener("hashchange", reveal);
  if (location.hash) reveal();
})();
