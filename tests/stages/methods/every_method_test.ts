/** What holds for every method, whatever it is. @module */
import { oneOfEach } from "../../support/every_method.ts";
import { trainingTest } from "./training_tests.ts";

for (const name of oneOfEach) trainingTest(name);
