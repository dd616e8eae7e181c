/** What the page of a comparison shows, gathered. @module */
import type { ComparedChart } from "./curves.ts";
import type { ComparedPictures } from "./pictures.ts";
import type { ComparedWay } from "./ways.ts";

/** What is compared. */
export interface Comparison {
  /** What the page is called: an experiment, or several. */
  readonly title: string;
  /** When the runs were read. */
  readonly made: Date;
  readonly ways: readonly ComparedWay[];
  /** Position of the way that the others are held against. */
  readonly reference: number;
  readonly pictures: ComparedPictures;
}

/** What the page's script reads. */
export interface ComparisonData {
  readonly ways: readonly string[];
  readonly charts: readonly ComparedChart[];
}
