/** Types of every operation, as `openapi-typescript` reads them out of `openapi.json`; nothing of this is left at run time. */
import type { components, paths } from "../api.js";
/** The shapes of the API, by the names of its OpenAPI document. */
export type Schemas = components["schemas"];
export type Method = "get" | "post" | "put" | "patch" | "delete";
/** The paths that have an operation of this method. */
export type PathOf<M extends Method> = {
    [P in keyof paths]: paths[P] extends {
        [K in M]: object;
    } ? P : never;
}[keyof paths];
type Operation<M extends Method, P extends keyof paths> = paths[P] extends {
    [K in M]: infer O;
} ? O : never;
type Json<T> = T extends {
    content: {
        "application/json": infer B;
    };
} ? B : never;
/** What an operation takes as its JSON body. */
export type BodyOf<M extends Method, P extends keyof paths> = Operation<M, P> extends {
    requestBody: infer R;
} ? Json<R> : Operation<M, P> extends {
    requestBody?: infer R;
} ? Json<NonNullable<R>> | undefined : undefined;
type Parameters<M extends Method, P extends keyof paths, Where extends "path" | "query"> = Operation<M, P> extends {
    parameters: {
        [K in Where]: infer T;
    };
} ? T : Operation<M, P> extends {
    parameters: {
        [K in Where]?: infer T;
    };
} ? T | undefined : undefined;
/** What an operation answers when it succeeds. */
export type AnswerOf<M extends Method, P extends keyof paths> = Operation<M, P> extends {
    responses: infer R;
} ? {
    [S in keyof R]: S extends 200 | 201 | 202 ? Json<R[S]> : never;
}[keyof R] : never;
type Maybe<Name extends string, T> = [T] extends [undefined] ? {
    readonly [K in Name]?: undefined;
} : undefined extends T ? {
    readonly [K in Name]?: T;
} : {
    readonly [K in Name]: T;
};
/** What a call of an operation names: `path` and `query` parameters, `body`, and an `Idempotency-Key` of one's own. */
export type Told<M extends Method, P extends keyof paths> = Maybe<"path", Parameters<M, P, "path">> & Maybe<"query", Parameters<M, P, "query">> & Maybe<"body", BodyOf<M, P>> & {
    readonly idempotencyKey?: string;
};
export {};
