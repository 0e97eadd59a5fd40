/** Writing an article. What is written stays until it is saved or thrown away, and never goes over somebody else's unseen. */
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { Prose } from "../shared/prose.tsx";
import { useDesk } from "./context.tsx";
import { saves } from "./enter.ts";
import { Keys } from "./keys.tsx";
import { isStale, readArticle, saveArticle, whyNot } from "./knowledge_api.ts";
import type { ArticleText, Choice, DeskArticle, DeskArticles } from "./knowledge_api.ts";

interface Props { article: DeskArticle | null; found: DeskArticles | null; intent: string; onDone(article: DeskArticle): void; onBack(): void }

/** What is begun, by the article's id; leaving for another handoff must not cost a word. */
const begun = new Map<string, ArticleText>();
const textOf = ({ title, body, language, intents, sites }: DeskArticle): ArticleText => ({ title, body, language, intents, sites });

export function ArticleForm({ article, found, intent, onDone, onBack }: Props): ComponentChildren {
  const { page } = useDesk();
  const key = article?.id ?? "";
  const [text, setText] = useState<ArticleText>(begun.get(key) ?? (article ? textOf(article) : { title: "", body: "", language: "", intents: [intent], sites: [] }));
  const [version, setVersion] = useState(article?.version ?? 0);
  const [theirs, setTheirs] = useState<DeskArticle | null>(null);
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState<string | null>(null);
  const first = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => first.current?.focus(), []);
  const change = (part: Partial<ArticleText>) => { const next = { ...text, ...part }; begun.set(key, next); setText(next); };
  const ready = text.title.trim() !== "" && text.body.trim() !== "" && !busy;
  const save = async () => {
    if (!ready) return;
    setBusy(true);
    setTrouble(null);
    try {
      const saved = await saveArticle(page, text, article, version);
      begun.delete(key);
      onDone(saved);
    } catch (error) {
      if (article && isStale(error)) await meet(article);
      else setTrouble(whyNot(error));
      setBusy(false);
    }
  };
  /** Theirs is shown; saving once more puts these words in its place, and theirs stays among the versions. */
  const meet = async ({ id }: DeskArticle) => {
    const now = await readArticle(id).catch(() => null);
    setTheirs(now);
    if (now) setVersion(now.version);
    setTrouble(now ? `${now.updated_by ?? "Somebody"} saved it meanwhile. Your words are kept: look at theirs below, then save yours over it or throw yours away.` : "Somebody saved it meanwhile. Your words are kept; try again in a moment.");
  };
  const discard = () => { begun.delete(key); if (theirs) onDone(theirs); else onBack(); };
  return (
    <form class="know know--form" aria-label={article ? "Edit the article" : "New article"} onSubmit={(event) => { event.preventDefault(); void save(); }}
      onKeyDown={(event) => { if (saves(event)) { event.preventDefault(); void save(); } }}>
      <div><label class="label" for="know-new-title">Title</label>
        <input class="input" id="know-new-title" ref={first} maxLength={200} value={text.title} dir="auto" onInput={({ currentTarget }) => change({ title: currentTarget.value })} /></div>
      <div><label class="label" for="know-body">Text</label>
        <textarea class="input" id="know-body" rows={10} maxLength={20_000} value={text.body} dir="auto" aria-describedby="know-help" onInput={({ currentTarget }) => change({ body: currentTarget.value })} />
        <p class="meta" id="know-help">An empty line begins a paragraph, “- ” or “1. ” a list; addresses become links.</p></div>
      <div><label class="label" for="know-language">Language</label>
        <input class="input know__short" id="know-language" maxLength={16} value={text.language} placeholder="en" onInput={({ currentTarget }) => change({ language: currentTarget.value.trim() })} /></div>
      <Choices legend="About" all={found?.intents ?? []} chosen={text.intents} onChange={(intents) => change({ intents })} />
      {(found?.sites.length ?? 0) > 1 && <Choices legend="For these sites; none: every site" all={found?.sites ?? []} chosen={text.sites} onChange={(sites) => change({ sites })} />}
      <div role="alert">{trouble && <p class="bad">{trouble}</p>}</div>
      {theirs && <details class="fold" open><summary class="meta">What {theirs.updated_by ?? "somebody"} saved</summary><h4 class="know__title"><bdi>{theirs.title}</bdi></h4><Prose text={theirs.body} /></details>}
      <div class="know__do">
        <button type="button" class="btn btn--s btn--quiet" onClick={onBack}>Back, keep my words</button>
        <button type="button" class="btn btn--s btn--quiet" onClick={discard}>Throw away</button>
        <span class="grow" />
        <button type="submit" class="btn btn--s btn--primary" aria-disabled={!ready}>{theirs ? "Save mine over it" : article ? "Save" : "Save as draft"} <Keys keys={["Ctrl", "Enter"]} /></button>
      </div>
    </form>
  );
}

function Choices({ legend, all, chosen, onChange }: { legend: string; all: readonly Choice[]; chosen: readonly string[]; onChange(keys: string[]): void }): ComponentChildren {
  const turn = (key: string) => onChange(chosen.includes(key) ? chosen.filter((one) => one !== key) : [...chosen, key]);
  return (
    <fieldset class="know__choices">
      <legend class="label">{legend}</legend>
      {all.map(({ key, name }) => <label key={key}><input type="checkbox" checked={chosen.includes(key)} onChange={() => turn(key)} /> {name}</label>)}
    </fieldset>
  );
}
