import { effect } from "@preact/signals";
import { render } from "preact";
import { App } from "./app.js";
import { confirmedShare } from "./state.js";
import { setView, shown, start } from "./store.js";
import { WORDS } from "./words.js";

const root = document.getElementById("page");
if (root) render(<App />, root);

effect(() => {
  const transfer = shown.value;
  document.title = WORDS.pageTitle(transfer?.name, transfer ? confirmedShare(transfer) : 0);
});

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "1") setView("exact");
  if (event.key === "2") setView("shown");
  if (event.key === "3") setView("holes");
});

start();
