/** The page: loads the model, and answers posts. */

import { card } from "./cards";
import { download } from "./downloads";
import { ReplyModel } from "./model";
import { CARD, get, RUNTIME_MODULE, type Site } from "./site";
import { TextProcessor, type TextSettings } from "./text";

const element = <T extends HTMLElement>(id: string): T => document.getElementById(id) as T;
const post = element<HTMLInputElement>("post");
const send = element<HTMLButtonElement>("send");
const again = element<HTMLButtonElement>("again");
const temperature = element<HTMLInputElement>("temperature");
const replies = element("replies");

async function start(): Promise<void> {
  if (!("WebAssembly" in self)) {
    throw new Error("This browser has no WebAssembly, which the model needs. Try a current one.");
  }
  // The message of the HTML file is for browsers that do not run this script.
  element("message").hidden = true;
  element("message").classList.remove("late");
  element("loading").hidden = false;
  keepForOfflineUse().catch(console.warn);
  const site: Site = await (await get("model/site.json")).json();
  describe(site);
  const files = await download(site, showProgress);
  element("loading-text").textContent = "Starting the model";
  element("progress").removeAttribute("value");
  const settings: TextSettings = JSON.parse(new TextDecoder().decode(files["model/text.json"]));
  const text = new TextProcessor(settings);
  const model = await ReplyModel.load(
    files[RUNTIME_MODULE],
    files["model/ids.tflite"],
    site.emotions.length,
    site.postLength,
    settings.responseWords.length,
  );
  send.disabled = false;
  element("status").textContent = "The model is ready.";
  temperature.addEventListener("input", showTemperature);
  showTemperature();
  element("form").addEventListener("submit", (event) => {
    event.preventDefault();
    answer(site, text, model, 0).catch(show);
  });
  again.addEventListener("click", () => {
    if (post.reportValidity()) answer(site, text, model, temperature.valueAsNumber).catch(show);
  });
}

/** Shows what the site says of its model. */
function describe(site: Site): void {
  element("model-name").textContent = site.model;
  post.lang = site.language;
  // A model of any language was trained on text whose words are split by spaces.
  element("split").hidden = site.language !== "";
  for (const { text, english } of site.examples) {
    const button = document.createElement("button");
    button.type = "button";
    button.lang = site.language;
    button.textContent = text;
    if (english) button.title = english;
    button.addEventListener("click", () => {
      post.value = text;
      if (!send.disabled) element<HTMLFormElement>("form").requestSubmit();
    });
    element("examples").append(button);
  }
  const showCard = element<HTMLButtonElement>("show-card");
  showCard.disabled = false;
  showCard.addEventListener("click", () => void openCard());
}

async function openCard(): Promise<void> {
  element("card-text").textContent = "";
  element<HTMLDialogElement>("card").showModal();
  const text = get(CARD).then((response) => response.text());
  element("card-text").textContent = await text.catch(messageOf);
}

function showProgress(received: number, total: number): void {
  const bar = element<HTMLProgressElement>("progress");
  bar.max = total;
  bar.value = received;
  const [done, all] = [received, total].map((bytes) => (bytes / 1e6).toFixed(1));
  element("loading-text").textContent = `Loading the model: ${done} of ${all} MB`;
}

async function answer(
  site: Site,
  text: TextProcessor,
  model: ReplyModel,
  temperature: number,
): Promise<void> {
  element("message").hidden = true;
  send.disabled = again.disabled = true;
  replies.setAttribute("aria-busy", "true");
  try {
    const results = await model.reply(text.postIdsOf(post.value, site.postLength), temperature);
    replies.replaceChildren(
      ...site.emotions.map((emotion, id) => {
        const words = text.words(results[id]!);
        return card(emotion, text.detokenize(words), words, site.language);
      }),
    );
    element("legend").hidden = site.emotions.every(({ words }) => words.length === 0);
    element("sampling").hidden = false;
  } finally {
    replies.removeAttribute("aria-busy");
    send.disabled = again.disabled = false;
  }
}

function showTemperature(): void {
  element("temperature-value").textContent = temperature.valueAsNumber.toFixed(1);
}

/** Lets the browser open the page without a network; without this, it only works online. */
async function keepForOfflineUse(): Promise<void> {
  if ("serviceWorker" in navigator) await navigator.serviceWorker.register("service-worker.js");
}

/** Shows an error in the page. */
function show(error: unknown): void {
  console.error(error);
  const message = element("message");
  message.textContent = messageOf(error);
  message.hidden = false;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

start()
  .catch(show)
  .finally(() => (element("loading").hidden = true));
