/** One article in place: to read, to put into a reply, to judge, and to bring an earlier text back. */
import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { IconCheck, IconPencil, IconX } from "../shared/icons.tsx";
import { Prose } from "../shared/prose.tsx";
import { moment } from "../shared/time.ts";
import { figures, wasRead } from "./article_words.ts";
import { useDesk } from "./context.tsx";
import { articleLink, articleVersions, publishArticle, restoreArticle, voteArticle, whyNot } from "./knowledge_api.ts";
import type { ArticlePast, DeskArticle } from "./knowledge_api.ts";
import { insertWords } from "./knowledge_events.ts";
import { shortName } from "./people.ts";
import type { DeskHandoff } from "./wire.ts";

interface Props { article: DeskArticle; handoff: DeskHandoff; onChange(article: DeskArticle): void; onEdit(): void; onBack(): void }

export function ArticleRead({ article, handoff, onChange, onEdit, onBack }: Props): ComponentChildren {
  const { page } = useDesk();
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState<string | null>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  useLayoutEffect(() => heading.current?.focus(), [article.id]);
  const attempt = async (work: () => Promise<DeskArticle>) => {
    if (busy) return;
    setBusy(true);
    setTrouble(null);
    try { onChange(await work()); } catch (error) { setTrouble(whyNot(error)); }
    setBusy(false);
  };
  const vote = (useful: boolean) => void attempt(() => voteArticle(page, article.id, useful));
  const talking = handoff.state === "connected";
  return (
    <article class="know" aria-labelledby="know-title" onKeyDown={(event) => { if (event.key === "Escape") onBack(); }}>
      <button type="button" class="btn btn--s btn--quiet know__back" onClick={onBack}>All articles</button>
      <h4 class="know__title" id="know-title" tabIndex={-1} dir="auto" ref={heading}><bdi>{article.title}</bdi></h4>
      <p class="meta">{article.published ? "Customers may read it" : "Draft, agents only"}{article.language && `, ${article.language}`}; {article.updated_by ?? "set up"}, {moment(article.updated_at)}; {figures(article)}</p>
      {wasRead(handoff, article.id) && <p class="meta"><IconCheck /> {shortName(handoff.customer)} read this before asking.</p>}
      <Prose text={article.body} />
      {trouble && <p class="bad" role="alert">{trouble}</p>}
      <div class="know__do">
        <button type="button" class="btn btn--s" aria-disabled={!talking} onClick={() => { if (talking) insertWords(article.body); }}>Insert text</button>
        {article.published && <button type="button" class="btn btn--s" aria-disabled={!talking} onClick={() => { if (talking) insertWords(articleLink(article)); }}>Insert link</button>}
        <span class="grow" />
        <button type="button" class="btn btn--s btn--quiet" aria-pressed={article.useful === true} onClick={() => vote(true)}><IconCheck />Useful</button>
        <button type="button" class="btn btn--s btn--quiet" aria-pressed={article.useful === false} onClick={() => vote(false)}><IconX />Not useful</button>
      </div>
      <div class="know__do">
        <button type="button" class="btn btn--s btn--quiet" onClick={onEdit}><IconPencil />Edit</button>
        <button type="button" class="btn btn--s btn--quiet" aria-disabled={busy} onClick={() => void attempt(() => publishArticle(page, article, !article.published))}>{article.published ? "Take back from customers" : "Show to customers"}</button>
      </div>
      <Versions article={article} onRestore={(number) => void attempt(() => restoreArticle(page, article, number))} />
    </article>
  );
}

function Versions({ article, onRestore }: { article: DeskArticle; onRestore(number: number): void }): ComponentChildren {
  const [open, setOpen] = useState(false);
  const [versions, setVersions] = useState<readonly ArticlePast[] | null>(null);
  const [trouble, setTrouble] = useState<string | null>(null);
  useEffect(() => { if (open) articleVersions(article.id).then(setVersions, (error) => setTrouble(whyNot(error))); }, [open, article.id, article.version]);
  return (
    <details class="fold" onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary class="meta">Versions: {article.version}</summary>
      {trouble && <p class="bad" role="alert">{trouble}</p>}
      <ol class="know__past">
        {versions?.map((past) => (
          <li key={past.number}>
            <p><b class="num">{past.number}</b> <bdi>{past.title}</bdi> <span class="meta">{past.by ?? "set up"}, {moment(past.at)}{past.published ? "" : ", draft"}</span></p>
            {past.number !== article.version && (
              <details><summary class="meta">Read it</summary><Prose text={past.body} />
                <button type="button" class="btn btn--s" onClick={() => onRestore(past.number)}>Bring version {past.number} back</button></details>
            )}
          </li>
        ))}
      </ol>
    </details>
  );
}
