// A bot on weixin-agent-sdk that answers every text with the same text.
import { start } from "weixin-agent-sdk";

await start({ chat: async ({ text }) => ({ text: `re: ${text}` }) }).wait();
