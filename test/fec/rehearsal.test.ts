import { expect, test } from "vitest";
import { rehearse } from "../../src/fec/rehearsal.js";
import { Rehearsal } from "../../src/node/socket/rehearsal.js";

test("a rehearsal gets back what it lost", () => {
  expect(rehearse).not.toThrow();
});

test("parity is rehearsed only where datagrams are lost, not at once, and not for ever", () => {
  let rehearsed = 0;
  const rehearsal = new Rehearsal(() => {
    rehearsed += 1;
  });
  for (let i = 0; i < 20; i += 1) rehearsal.tick(0);
  expect(rehearsed).toBe(0);
  for (let i = 0; i < 3; i += 1) rehearsal.tick(1);
  expect(rehearsed).toBe(0);
  for (let i = 0; i < 20; i += 1) rehearsal.tick(1);
  expect(rehearsed).toBe(8);
});
