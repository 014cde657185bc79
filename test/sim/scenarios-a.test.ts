import { promiseHalf } from "./half.js";
import { BASE_SEED } from "./suite.js";

promiseHalf(BASE_SEED);
