"use strict";
// Two conveniences of the query page; it works without them.
const form = document.getElementById("editor");
const query = document.getElementById("query");
const ADDRESS_LIMIT = 7000; // characters; longer queries go in the body, as the server takes no longer address

form.addEventListener("submit", (event) => {
  const chosen = event.submitter && event.submitter.formMethod;
  if (chosen !== "post") form.method = encodeURIComponent(query.value).length > ADDRESS_LIMIT ? "post" : "get";
});
query.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
});
