/** The buttons under what is written, each a part of its own; they reach the writing through `useComposing`. */
import type { ComponentChildren } from "preact";
import { FileTools } from "./file_tools.tsx";
import { KnowledgeTools } from "./knowledge_tools.tsx";

export function ComposerTools(): ComponentChildren {
  return <><FileTools /><KnowledgeTools /></>;
}
