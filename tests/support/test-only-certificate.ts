/**
 * A certificate for localhost, 127.0.0.1 and ::1, signed by itself, valid from 2020 to 2120. For tests only: its key is
 * public, so that nobody can trust it.
 */

/** The private key. For tests only. */
export const testOnlyKey = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgNhVGlcxplmwsmYp+
qUlyqcXjZOJuz5AicOL2FPv+RqOhRANCAAQaEMvtuAspOvCluFJzZy7GEgQvSwbS
V/s+al/nf+2yJU/qcATrzlyD3fvG25VshKA57sCjt8Hrh5MyOd/wrPtt
-----END PRIVATE KEY-----
`;

/** The certificate. For tests only. */
export const testOnlyCertificate = `-----BEGIN CERTIFICATE-----
MIIByDCCAW6gAwIBAgIULipbmrkuTWZfqovQjZL81uAlKlMwCgYIKoZIzj0EAwIw
MjESMBAGA1UEAwwJbG9jYWxob3N0MRwwGgYDVQQKDBNvcGVubGluZSB0ZXN0cyBv
bmx5MCAXDTIwMDEwMTAwMDAwMFoYDzIxMjAwMTAxMDAwMDAwWjAyMRIwEAYDVQQD
DAlsb2NhbGhvc3QxHDAaBgNVBAoME29wZW5saW5lIHRlc3RzIG9ubHkwWTATBgcq
hkjOPQIBBggqhkjOPQMBBwNCAAQaEMvtuAspOvCluFJzZy7GEgQvSwbSV/s+al/n
f+2yJU/qcATrzlyD3fvG25VshKA57sCjt8Hrh5MyOd/wrPtto2AwXjAsBgNVHREE
JTAjgglsb2NhbGhvc3SHBH8AAAGHEAAAAAAAAAAAAAAAAAAAAAEwDwYDVR0TAQH/
BAUwAwEB/zAdBgNVHQ4EFgQURzqiENygvRTSAgJi/aJM1sf9jREwCgYIKoZIzj0E
AwIDSAAwRQIhAL0BHYALKVP4I0RZO9egRyuliifJFRECmQOS21HcueaeAiBcxsR+
IP7qIc6r99D7tan3+TwVSXatGm6s7747umDw1Q==
-----END CERTIFICATE-----
`;

/** The private key of a certificate that is over. For tests only. */
export const expiredTestOnlyKey = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgyjint+zQEFWuwEI3
vjZdDYYKyRUuw8/C1hJed4Rn1e2hRANCAATOhizvqwwiROemGd0f9wtW5lkcvXBA
H7Qj3/m2N8deDVTfa5uUe/2XUmlVglraPNvte4tPzxqcw85b67dL3Er+
-----END PRIVATE KEY-----
`;

/** The same as above with a key of its own, valid for the first day of 2020 and no longer. For tests only. */
export const expiredTestOnlyCertificate = `-----BEGIN CERTIFICATE-----
MIIBszCCAVmgAwIBAgIBATAKBggqhkjOPQQDAjAyMRIwEAYDVQQDDAlsb2NhbGhv
c3QxHDAaBgNVBAoME29wZW5saW5lIHRlc3RzIG9ubHkwHhcNMjAwMTAxMDAwMDAw
WhcNMjAwMTAyMDAwMDAwWjAyMRIwEAYDVQQDDAlsb2NhbGhvc3QxHDAaBgNVBAoM
E29wZW5saW5lIHRlc3RzIG9ubHkwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAATO
hizvqwwiROemGd0f9wtW5lkcvXBAH7Qj3/m2N8deDVTfa5uUe/2XUmlVglraPNvt
e4tPzxqcw85b67dL3Er+o2AwXjAsBgNVHREEJTAjgglsb2NhbGhvc3SHBH8AAAGH
EAAAAAAAAAAAAAAAAAAAAAEwDwYDVR0TAQH/BAUwAwEB/zAdBgNVHQ4EFgQUOTd3
glm454z2ZmFmAiArb84tStIwCgYIKoZIzj0EAwIDSAAwRQIhALQAFYBqvW9C0/2l
cnSzROd72I+ivcIM43FcWREqerqPAiAOTHuDLXPE90izgbhk0CtoBAy51w0Ceu/0
jo5f9wTLmQ==
-----END CERTIFICATE-----
`;
