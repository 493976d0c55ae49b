// What is done once, before the first test.

import { addAddress } from "./cups.js";

export default addAddress;
