/** Types of every operation, as `openapi-typescript` reads them out of `openapi.json`; nothing of this is left at run time. */
export {};
