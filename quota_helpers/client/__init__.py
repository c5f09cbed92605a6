"""Ask the usage endpoint over HTTP: the only place that knows `requests`.

`UsageClient(...).fetch(account)` gives a `RawReply` or raises one of the errors below; every error says what to do
next in its `hint`, and carries the reply in `.reply` when there was one. What each answer of the server means (bodies
are judged by parsing them, never by their content type; `(empty)` is a body without a byte; 1xx but 101 is no answer
yet, and read past):

======  ===================================================================  =========================  ====
status  body                                                                 outcome                    exit
======  ===================================================================  =========================  ====
200     {"plan_type": "plus", "rate_limit": null}                            RawReply                   0
200     {}                                                                   RawReply                   0
200     (empty)                                                              UnexpectedReplyError       3
200     []                                                                   UnexpectedReplyError       3
200     "fine"                                                               UnexpectedReplyError       3
200     {"plan_type":                                                        UnexpectedReplyError       3
200     <html><title>Sign in</title></html>                                  UnexpectedReplyError       3
204     (empty)                                                              UnexpectedReplyError       3
302     (empty)                                                              UnexpectedReplyError       3
304     (empty)                                                              UnexpectedReplyError       3
308     {"plan_type": "plus"}                                                UnexpectedReplyError       3
400     {"detail": [{"msg": "field required"}]}                              UnexpectedReplyError       3
401     {"error": {"code": "token_expired", "message": "It is expired."}}    TokenRejectedError         3
401     {"error": {"code": "token_invalidated"}}                             TokenRejectedError         3
401     {"error": "token_revoked"}                                           TokenRejectedError         3
401     {"code": "unauthorized_unknown"}                                     TokenRejectedError         3
401     {"detail": "Unauthorized"}                                           TokenRejectedError         3
401     {"detail": "Could not parse your authentication token."}             TokenRejectedError         3
401     <html><title>Unauthorized</title></html>                             TokenRejectedError         3
401     (empty)                                                              TokenRejectedError         3
401     {"error": {"code": "account_deactivated"}}                           AccountForbiddenError      3
401     {"detail": {"type": "account_deactivated"}}                          AccountForbiddenError      3
402     {"detail": {"code": "deactivated_workspace"}}                        WorkspaceDeactivatedError  3
402     {"detail": "Payment required"}                                       UnexpectedReplyError       3
403     <html><title>Just a moment...</title></html>                         BlockedByEdgeError         3
403     (empty)                                                              BlockedByEdgeError         3
403     {"error": {"code": "unsupported_country_region_territory"}}          BlockedByEdgeError         3
403     {"detail": "Not allowed"}                                            AccountForbiddenError      3
404     <html><title>Not found</title></html>                                UnexpectedReplyError       3
404     {"detail": "Not Found"}                                              UnexpectedReplyError       3
418     (empty)                                                              UnexpectedReplyError       3
432     {"detail": "No"}                                                     UnexpectedReplyError       3
429     {"detail": "Too many requests"}                                      RateLimitedError           3
429     {"error": {"type": "usage_limit_reached", "resets_at": 1790000000}}  RateLimitedError           3
429     (empty)                                                              RateLimitedError           3
500     (empty)                                                              ServerError                3
502     <html><title>Bad gateway</title></html>                              ServerError                3
503     {"detail": "overloaded"}                                             ServerError                3
======  ===================================================================  =========================  ====

A 403 with the header `cf-mitigated` is the edge's whatever its body. A body over 5 MiB (after decompression), nested
deeper than 500, or compressed in a way that cannot be undone is an `UnexpectedReplyError` when the status is 200.
Without an answer: `UnreachableError` (no connection, TLS, proxy, cut off, a malformed address, interrupted),
`FetchTimeoutError` (the deadline passed) and `InsecureUrlError` (nothing was sent) end with 2; something that is no
HTTP at all is an `UnexpectedReplyError`. A login without a usable token or account id is a `TokenMissingError` or an
`AccountIdMissingError` (exit code 1); nothing is sent for it.
"""

from .address import usage_url
from .client import UsageClient

__all__ = ["UsageClient", "usage_url"]
