/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/** What a run's page does where scripts run. @module */
import "./style.css";
import { localTimes } from "./times.ts";

localTimes(document);
