// Loaded before a process by `node --import`: trainers then get faulty-loop.js in place of their train-loop.js. No other
// process, and no file of the product, knows of planted faults.
import { register } from 'node:module';

register(new URL('./plant-hooks.js', import.meta.url));
