/** Every language the guard reads. */
import type { Table } from "./table.ts";
import { ar } from "./tables/ar.ts";
import { de } from "./tables/de.ts";
import { en } from "./tables/en.ts";
import { es } from "./tables/es.ts";

export const TABLES: readonly Table[] = [en, de, es, ar];
