/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/** What a comparison's page does where scripts run. @module */
import "uplot/dist/uPlot.min.css";
import "../../report/client/style.css";
import "../../report/client/charts.css";
import "../../report/client/pictures.css";
import "./comparison.css";
import { localTimes } from "../../report/client/small.ts";
import type { ComparisonData } from "../view.ts";
import { drawComparison } from "./charts.ts";
import { pictures } from "./pictures.ts";

const { charts, ways } = JSON.parse(document.getElementById("data")!.textContent!) as ComparisonData;
localTimes();
drawComparison(charts, ways);
pictures();
