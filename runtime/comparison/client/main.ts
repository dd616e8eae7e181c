/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/** What a comparison's page does where scripts run. @module */
import "uplot/dist/uPlot.min.css";
import "../../report/client/style.css";
import "../../report/client/charts.css";
import "../../report/client/pictures.css";
import "./comparison.css";
import { controlPictures } from "../../report/client/picture_controls.ts";
import { localTimes } from "../../report/client/small.ts";
import type { ComparisonData } from "../view.ts";
import { drawComparison } from "./charts.ts";
import { overlays } from "./overlays.ts";

const { charts, ways } = JSON.parse(document.getElementById("data")!.textContent!) as ComparisonData;
localTimes();
drawComparison(charts, ways);
controlPictures(overlays);
