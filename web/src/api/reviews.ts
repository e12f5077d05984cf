// Ended calls: listed, replayed, judged.
import { api, ok } from "./client";
import type { NewJudgement, ReviewPage, ReviewView, paths } from "./schema";

export type ReviewQuery = NonNullable<paths["/api/v1/reviews"]["get"]["parameters"]["query"]>;

export const listReviews = (query: ReviewQuery): Promise<ReviewPage> =>
  ok(api.GET("/api/v1/reviews", { params: { query } }));

const place = (number: number) => ({ path: { number } });

export const getReview = (number: number): Promise<ReviewView> =>
  ok(api.GET("/api/v1/reviews/{number}", { params: place(number) }));

/** Done only to the version that was read. */
export function judge(number: number, version: number, body: NewJudgement): Promise<ReviewView> {
  const header = { "If-Match": `"${version}"` };
  const params = { ...place(number), header };
  return ok(api.PUT("/api/v1/reviews/{number}", { params, body }));
}

export const replay = (number: number): Promise<ReviewView> =>
  ok(api.POST("/api/v1/reviews/{number}/replay", { params: place(number) }));

export const fixtureUrl = (number: number): string => `/api/v1/reviews/${number}/fixture`;
