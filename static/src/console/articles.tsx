/** Articles beside the talk: searched by what it is about and by words, read and written in place. */
import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { IconCheck, IconSearch } from "../shared/icons.tsx";
import { Text } from "../shared/text.tsx";
import { ArticleForm } from "./article_form.tsx";
import { ArticleRead } from "./article_read.tsx";
import { figures, wasRead } from "./article_words.ts";
import { findArticles, readArticle, whyNot } from "./knowledge_api.ts";
import type { DeskArticle, DeskArticleRow, DeskArticles } from "./knowledge_api.ts";
import { shortName } from "./people.ts";
import type { DeskHandoff } from "./wire.ts";
import { theirsFirst } from "./theirs_first.ts";

const PAUSE_MS = 200;

type Place = { at: "list" } | { at: "read"; article: DeskArticle } | { at: "write"; article: DeskArticle | null };

/** `asked`: how often somebody asked for this; each time the search gets the focus. */
export function Articles({ handoff, asked }: { handoff: DeskHandoff; asked: number }): ComponentChildren {
  const [place, setPlace] = useState<Place>({ at: "list" });
  const [typed, setTyped] = useState("");
  const [about, setAbout] = useState(true);
  const search = useSearch(typed, about ? handoff.intent.key : null);
  const field = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => field.current?.focus(), [asked]);
  const back = () => { setPlace({ at: "list" }); search.again(); };
  const open = (row: DeskArticleRow) => readArticle(row.id).then((article) => setPlace({ at: "read", article }), (error) => search.refuse(whyNot(error)));
  if (place.at === "write") {
    return <ArticleForm article={place.article} found={search.found} intent={handoff.intent.key} onDone={(article) => setPlace({ at: "read", article })}
      onBack={() => (place.article ? setPlace({ at: "read", article: place.article }) : back())} />;
  }
  if (place.at === "read") {
    return <ArticleRead article={place.article} handoff={handoff} onChange={(article) => setPlace({ at: "read", article })} onEdit={() => setPlace({ at: "write", article: place.article })} onBack={back} />;
  }
  // Of what was looked for the best hit stands first, whatever its language.
  const articles = search.found?.articles ?? null;
  const shown = articles && !typed.trim() ? theirsFirst(articles, handoff) : articles;
  return (
    <div class="know">
      <div class="know__find"><IconSearch /><label class="vh" for="know-find">Find an article</label>
        <input class="input" id="know-find" type="search" ref={field} maxLength={200} value={typed} placeholder="Words" autocomplete="off" onInput={({ currentTarget }) => setTyped(currentTarget.value)} /></div>
      <label class="know__about"><input type="checkbox" checked={about} onChange={() => setAbout(!about)} /> <span>About <b><Text text={handoff.intent.label} /></b> first</span></label>
      {search.trouble && <p class="bad" role="alert">{search.trouble}</p>}
      <Found rows={shown} handoff={handoff} typed={typed} onOpen={(row) => void open(row)} />
      <button type="button" class="btn btn--s btn--quiet" aria-disabled={!search.found} onClick={() => { if (search.found) setPlace({ at: "write", article: null }); }}>Write an article</button>
    </div>
  );
}

interface Search { found: DeskArticles | null; trouble: string | null; again(): void; refuse(words: string): void }

/** A little after the last letter; an answer that was overtaken is left. */
function useSearch(typed: string, intent: string | null): Search {
  const [found, setFound] = useState<DeskArticles | null>(null);
  const [trouble, setTrouble] = useState<string | null>(null);
  const [times, setTimes] = useState(0);
  useEffect(() => {
    let overtaken = false;
    const timer = setTimeout(() => {
      findArticles(typed, intent).then(
        (articles) => { if (!overtaken) { setFound(articles); setTrouble(null); } },
        (error) => { if (!overtaken) setTrouble(whyNot(error)); },
      );
    }, found ? PAUSE_MS : 0);
    return () => { overtaken = true; clearTimeout(timer); };
  }, [typed, intent, times]);
  return { found, trouble, again: () => setTimes(times + 1), refuse: setTrouble };
}

function Found({ rows, handoff, typed, onOpen }: { rows: readonly DeskArticleRow[] | null; handoff: DeskHandoff; typed: string; onOpen(row: DeskArticleRow): void }): ComponentChildren {
  if (!rows) return <p class="meta" role="status">Looking</p>;
  return (
    <>
      <p class="vh" role="status">{rows.length === 1 ? "1 article" : `${rows.length} articles`}</p>
      {rows.length === 0 && <p class="meta">{typed.trim() ? "Nothing fits these words." : "Nothing is written about this yet."}</p>}
      <ul class="know__list">
        {rows.map((row) => (
          <li key={row.id}>
            <button type="button" class="know__row" onClick={() => onOpen(row)}>
              <b dir="auto"><Plain text={row.title} /></b>
              <span class="meta know__marks">
                {wasRead(handoff, row.id) && <span class="badge badge--accent"><IconCheck />{shortName(handoff.customer)} read this</span>}
                {!row.published && <span class="badge badge--warn">Draft</span>}
                {row.language && <span class="badge">{row.language}</span>}
                <span class="num">{figures(row)}</span>
              </span>
              <span class="know__excerpt" dir="auto"><Plain text={row.excerpt} /></span>
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}

/** Inside a button nothing may be a link. */
function Plain({ text }: { text: string }): ComponentChildren {
  return <bdi>{text}</bdi>;
}
