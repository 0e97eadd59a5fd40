/** JSX becomes calls of h: smaller than the automatic runtime, and the panel counts its bytes. */
export { Fragment, h } from "preact";
