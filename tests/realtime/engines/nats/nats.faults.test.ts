import { engineFaults } from "../faults/index.js";
import { natsFaultWorld } from "./faults.js";

engineFaults(natsFaultWorld);
