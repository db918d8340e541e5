// Shows what contains every word that is typed, and keeps the words in the address.
(() => {
  "use strict";
  const form = document.querySelector("#search");
  const { search } = form.elements;
  const parts = [...document.querySelectorAll(".match, .searched tbody tr")]
    .map((element) => ({ element, text: element.textContent.toLowerCase() }));

  const apply = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const { element, text } of parts) {
      element.hidden = !words.every((word) => text.includes(word));
      count += !element.hidden;
    }
    for (const section of document.querySelectorAll("section.searched"))
      section.hidden = !section.querySelector(".match:not([hidden])");
    form.querySelector("output").textContent = words.length ? `${count} of ${parts.length}` : "";
    const query = words.length ? `?${new URLSearchParams({ search: search.value })}` : location.pathname;
    history.replaceState(null, "", query + location.hash);
  };

  form.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", apply);
  search.value = new URLSearchParams(location.search).get("search") ?? "";
  if (search.value) apply();
})();
