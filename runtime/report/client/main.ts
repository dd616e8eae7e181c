/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/** What a run's page does where scripts run. @module */
import "uplot/dist/uPlot.min.css";
import "./style.css";
import "./charts.css";
import "./pictures.css";
import type { PageData } from "../page.ts";
import { confusionCells } from "./confusion.ts";
import { drawCurves } from "./curves.ts";
import { keepFresh } from "./freshness.ts";
import { overlay } from "./overlay.ts";
import { controlPictures } from "./picture_controls.ts";
import { copyButton, localTimes } from "./small.ts";

const data = JSON.parse(document.getElementById("data")!.textContent!) as PageData;
localTimes();
copyButton();
keepFresh(data);
drawCurves(data.curves);
confusionCells();
controlPictures(overlay);
