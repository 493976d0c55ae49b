// A browser whose user administers a referee.

import { Referee } from "./referee.js";

export const PAGE = "https://referee.local/";

/**
 * Pairs with a new referee, whose page is shown then.
 * @param {import("./journeys.js").Scene} scene
 * @param {(referee: Referee) => Promise<void>} journey
 */
export async function administered({ stage, tab }, journey) {
  const referee = await Referee.start(stage.home, `referee-${Date.now()}`);
  try {
    await tab.land(PAGE, "pair");
    await tab.marks({ link: "ready" });
    await tab.giveText(referee.code);
    await tab.screen("decision");
    await tab.press("#trust");
    await tab.arrive(PAGE);
    await journey(referee);
  } finally {
    await referee.stop();
  }
}
