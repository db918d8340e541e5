// Glue between this page's tables and DataTables, which stands above as `bundle`.
(() => {
  "use strict";
  const DataTable = bundle.default;
  const filters = document.querySelector("#filters");
  const opened = new Map();
  const decoder = document.createElement("textarea");

  // Text of a cell: our tags out, entities decoded.
  const plain = (html) => {
    const text = html.replace(/<[^>]*>/g, "");
    if (!text.includes("&")) return text;
    decoder.innerHTML = text;
    return decoder.value;
  };

  // The rows as written by cells.py; a cell is `>HTML` or ` data-key="number">HTML`.
  const parse = (html) =>
    html.split("\n<tr").slice(1).map((row) => row.split("<td").slice(1));
  const content = (cell) => cell.slice(cell.indexOf(">") + 1);
  const key = (cell) =>
    cell[0] === ">" ? cell.slice(1) : cell.slice(' data-key="'.length, cell.indexOf(">") - 1);

  // Numbers; what is missing is last in both directions.
  const missing = (a, b) => (a === null) - (b === null);
  DataTable.type("measure", { order: {
    pre: (key) => (key === "" ? null : Number(key)),
    asc: (a, b) => missing(a, b) || a - b,
    desc: (a, b) => missing(a, b) || b - a,
  } });

  const shown = (group) => {
    const wanted = filters.elements.columns.value;
    return !group || wanted === "*" || group === wanted || group.startsWith(`${wanted || "-"} `);
  };
  const column = (head) => ({
    name: head.dataset.name,
    className: head.className,
    type: head.classList.contains("num") ? "measure" : "string",
    orderable: !head.classList.contains("drawn"),
    orderSequence: head.dataset.best ? ["desc", "asc", ""] : ["asc", "desc", ""],
    visible: shown(head.dataset.group),
    render: (cell, type) => (type === "display" ? content(cell)
      : type === "filter" ? content(cell).replace(/<[^>]*>/g, "") : key(cell)),
  });

  // What is on the screen, all pages of it, as rows of text; intervals get columns of their own.
  const PARTS = /^(?<value>\S*)(?: (?<group>[a-z]+))?(?: \[(?<low>\S+), (?<high>\S+)\])?/;
  const exported = (table) => {
    const columns = table.columns(":visible").indexes().toArray()
      .map((index) => ({ index, head: table.column(index).header(), title: table.column(index).title() }))
      .filter(({ head }) => !head.classList.contains("drawn"));
    const split = ({ head }) => (head.dataset.parts ? head.dataset.parts.split(" ") : []);
    const heads = columns.flatMap((one) =>
      [plain(one.title), ...split(one).map((part) => `${plain(one.title)} ${part}`)]);
    const rows = table.rows({ search: "applied" }).data().toArray().map((row) =>
      columns.flatMap((one) => {
        const text = plain(content(row[one.index]));
        if (!one.head.dataset.parts) return [text];
        const found = text.match(PARTS).groups;
        return ["value", ...split(one)].map((part) => found[part] ?? "");
      }));
    return [heads, ...rows].map((row) => row.map((text) => text.replace(/[\r\n\t]+/g, " ")));
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
  const copy = (name, write) => ({
    extend: "copyHtml5", text: `Copy ${name}`, title: null,
    customize: (_text, _config, table) => write(exported(table)),
  });

  const apply = (table) => {
    const place = (name) => table.column(`${name}:name`).index();
    const tests = [...filters.querySelectorAll("select")]
      .filter((control) => control.value && place(control.name) !== undefined)
      .map((control) => [place(control.name), (cell) => plain(content(cell)) === control.value]);
    if (filters.elements.clean.checked && place("marks") !== undefined)
      tests.push([place("marks"), (cell) => !cell.includes('class="mark contaminated"')]);
    table.search(filters.elements.search.value);
    table.search.fixed("filters", tests.length === 0 ? null
      : (_text, row) => tests.every(([index, test]) => test(row[index])));
    table.draw();
  };

  const filtering = () => [...filters.querySelectorAll("input, select:not([name=columns])")]
    .some((control) => (control.type === "checkbox" ? control.checked : control.value));
  const refresh = () => opened.forEach((table) => {
    table.columns().every(function () {
      const wanted = shown(this.header().dataset.group);
      if (this.visible() !== wanted) this.visible(wanted, false);
    });
    apply(table);
  });

  const open = (holder) => {
    if (opened.has(holder)) return opened.get(holder);
    const [head, rest] = holder.textContent.split("<tbody>");
    holder.innerHTML = `${head}</table>`;
    const element = holder.querySelector("table");
    const data = parse(rest.split("\n</tbody>")[0]);
    const table = new DataTable(element, {
      data, columns: [...element.querySelectorAll("th")].map(column),
      autoWidth: false, orderClasses: false, order: [],
      pageLength: 50, lengthMenu: [25, 50, 100, 500, { label: "all", value: -1 }],
      paging: data.length > 50, info: data.length > 10,
      language: { entries: { _: "rows", 1: "row" }, lengthMenu: "_MENU_ rows a page",
        zeroRecords: "nothing passes the filters" },
      layout: { topStart: null, topEnd: null, bottomStart: data.length > 10 ? "info" : null,
        bottomEnd: [data.length > 50 ? "pageLength" : null, data.length > 50 ? "paging" : null,
          { buttons: [copy("CSV", csv), copy("LaTeX", latex)] }].filter(Boolean) },
    });
    const scroller = element.closest(".dt-layout-table");
    for (const name of ["role", "tabindex", "aria-label"]) {
      scroller.setAttribute(name, holder.getAttribute(name));
      holder.removeAttribute(name);
    }
    opened.set(holder, table);
    if (filtering()) apply(table);
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
    place.querySelectorAll("tr.wanted").forEach((one) => one.classList.remove("wanted"));
    row.classList.add("wanted");
    row.scrollIntoView({ block: "center" });
    row.querySelector("a").focus({ preventScroll: true });
  };

  if (filters) {
    filters.hidden = false;
    filters.addEventListener("submit", (event) => event.preventDefault());
    filters.addEventListener("input", refresh);
    filters.addEventListener("reset", () => setTimeout(refresh)); // after the reset itself
  }
  const watcher = new IntersectionObserver((seen) =>
    seen.filter((one) => one.isIntersecting).forEach(({ target }) => {
      watcher.unobserve(target);
      open(target);
    }), { rootMargin: "200% 0px" });
  document.querySelectorAll(".data").forEach((holder) => watcher.observe(holder));
  addEventListener("beforeprint", () => document.querySelectorAll(".data").forEach(open));
  addEventListener("hashchange", reveal);
  if (location.hash) reveal();
})();
