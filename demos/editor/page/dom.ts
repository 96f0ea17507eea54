// The hands for the DOM that all pages use.
export { byId, element, randomId, setText } from "../../site/page/dom.js";
