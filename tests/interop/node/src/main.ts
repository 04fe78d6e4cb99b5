// The scenario (../SCENARIO.md) in TypeScript: `node main.js WIRE`, over one of the wires of `wires.ts`.

import * as golden from "./golden.js";
import { Scenario } from "./scenario.js";
import { say } from "./transcript.js";
import { wires } from "./wires.js";

const name = process.argv[2] ?? "";
const wire = wires[name];
if (wire === undefined) {
  throw new Error(`no wire ${JSON.stringify(name)}; there are ${Object.keys(wires).join(", ")}`);
}
await new Scenario(wire).run();
say("vectors", golden.check());
// Connections that are kept for the next call would keep the process.
process.exit(0);
