/** Further ways of methods, held to what tests/stages/methods/every_method_test.ts holds one way of each to. @module */
import { trainingTest } from "../stages/methods/training_tests.ts";
import { everyMethod, oneOfEach } from "../support/every_method.ts";

for (const name of Object.keys(everyMethod)) if (!oneOfEach.includes(name)) trainingTest(name);
