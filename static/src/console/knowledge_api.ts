/** What the desk asks of the knowledge bank over HTTP, and why it was refused in words. */
import { request } from "../shared/api.ts";
import { ApiError } from "../shared/errors.ts";
import type { ArticlePast, ArticlePasts, CannedReplies, CannedReplyView, DeskArticle, DeskArticles } from "../shared/protocol.ts";
import { cookieValue } from "./page.ts";
import type { Page } from "./page.ts";
import { refusalWords } from "./words.ts";

export type { ArticlePast, CannedReplies, DeskArticle, DeskArticles };
export type Canned = CannedReplyView;
export type { Choice, DeskArticleRow } from "../shared/protocol.ts";

export interface ArticleText { title: string; body: string; language: string; intents: readonly string[]; sites: readonly string[] }
export interface ReplyText { shortcut: string; text: string; language: string; mine: boolean; queues: readonly string[] }

type Csrf = Pick<Page, "csrfCookie">;

function send<T>(page: Csrf, path: string, body: unknown = {}, method: "POST" | "DELETE" = "POST"): Promise<T> {
  return request<T>(`/api/v1/desk/${path}`, { method, body, headers: { "X-CSRFToken": cookieValue(document.cookie, page.csrfCookie) } });
}
const id = encodeURIComponent;

export const cannedReplies = (): Promise<CannedReplies> => request("/api/v1/desk/canned");
export const saveReply = (page: Csrf, text: ReplyText, before: Canned | null): Promise<Canned> =>
  before ? send(page, `canned/${id(before.id)}`, { ...text, title: before.title, version: before.version }) : send(page, "canned", text);
export const deleteReply = (page: Csrf, reply: Canned): Promise<void> => send(page, `canned/${id(reply.id)}`, undefined, "DELETE");
export const undeleteReply = (page: Csrf, reply: Canned): Promise<Canned> => send(page, `canned/${id(reply.id)}/restore`);
export const noteUse = (page: Csrf, reply: Canned): Promise<void> => send(page, `canned/${id(reply.id)}/use`);

export function findArticles(words: string, intent: string | null): Promise<DeskArticles> {
  return request(`/api/v1/desk/articles?${new URLSearchParams({ q: words.slice(0, 200), ...(intent !== null && { intent }) })}`);
}
export const readArticle = (article: string): Promise<DeskArticle> => request(`/api/v1/desk/articles/${id(article)}`);
export const saveArticle = (page: Csrf, text: ArticleText, before: Pick<DeskArticle, "id"> | null, version: number): Promise<DeskArticle> =>
  before ? send(page, `articles/${id(before.id)}`, { ...text, version }) : send(page, "articles", text);
export const publishArticle = (page: Csrf, { id: article, version }: DeskArticle, published: boolean): Promise<DeskArticle> =>
  send(page, `articles/${id(article)}/publish`, { version, published });
export const articleVersions = async (article: string): Promise<readonly ArticlePast[]> => (await request<ArticlePasts>(`/api/v1/desk/articles/${id(article)}/versions`)).versions;
export const restoreArticle = (page: Csrf, { id: article, version }: DeskArticle, number: number): Promise<DeskArticle> =>
  send(page, `articles/${id(article)}/restore`, { version, number });
export const voteArticle = (page: Csrf, article: string, useful: boolean): Promise<DeskArticle> => send(page, `articles/${id(article)}/vote`, { useful });

/** Where everybody can read it, for a link in a reply. */
export const articleLink = ({ id: article }: Pick<DeskArticle, "id">): string => `${location.origin}/articles/${id(article)}`;

const FIELDS: Readonly<Record<string, string>> = {
  title: "The title needs one line of at most 200 characters.", body: "The text is missing or too long.", text: "The text is missing or too long.",
  shortcut: "A shortcut has letters, digits, - and _ alone.", language: "A language is written like en or de-AT.", queues: "Choose one of your queues.",
};

/** Here the server's sentence says more than the desk's own, which speak of handoffs. */
const OWN = new Set(["forbidden", "stale_version", "not_found"]);

export function whyNot(error: unknown): string {
  if (!(error instanceof ApiError)) return "It did not work just now. Your words are kept.";
  if (error.fields["shortcut"] === "taken") return "There is one of that name already.";
  const field = Object.keys(error.fields).find((name) => name in FIELDS);
  if (field) return FIELDS[field] ?? error.message;
  return error.code === "unreachable" ? "The server could not be reached. Your words are kept." : OWN.has(error.code) ? error.message : refusalWords(error.code, error.message);
}

export const isStale = (error: unknown): boolean => error instanceof ApiError && error.code === "stale_version";
