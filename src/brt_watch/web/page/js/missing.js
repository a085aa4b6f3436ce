// Why an answer of the server is incomplete.
import { t } from "./i18n.js";

/** Whether the database is away, so that what was captured is not known. */
export const isAway = ({ aviso, aviso_codigo }) => Boolean(aviso) && aviso_codigo !== "nao_processado";

/** Return what is missing from an answer, in words; null when it is complete. */
export const missingWords = (answer) => (answer.aviso ? t(isAway(answer) ? "away.text" : "pending.text") : null);
