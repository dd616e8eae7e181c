/** What is written into a page for its script. @module */

/** What a page's script is told. */
export interface PageData {
  /** Of the safetensors file that lies in the page. */
  readonly bytes: number;
}
