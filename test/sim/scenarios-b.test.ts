import { promiseHalf } from "./half.js";
import { BASE_SEED, RUNS_OF_HALF } from "./suite.js";

promiseHalf(BASE_SEED + RUNS_OF_HALF);
