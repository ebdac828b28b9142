-- A line of a checklist that a person answers for, for exactly one plan.
CREATE TABLE signoff (
  id       INTEGER PRIMARY KEY,
  campaign TEXT    NOT NULL CHECK (campaign <> ''), -- a name: it may be signed before it is staged
  item     TEXT    NOT NULL CHECK (item <> ''),
  role     TEXT    NOT NULL,
  name     TEXT    NOT NULL CHECK (name <> ''),
  who      TEXT    NOT NULL,
  at       INTEGER NOT NULL,
  digest   TEXT    NOT NULL CHECK (digest <> ''),
  parts    TEXT    NOT NULL, -- JSON object
  checked  INTEGER NOT NULL,
  evidence BLOB,
  revoked_at INTEGER, revoked_who TEXT, revoked_what TEXT, revoked_reason TEXT
);
CREATE INDEX signoff_campaign ON signoff (campaign);

CREATE TRIGGER signoff_stands BEFORE UPDATE OF id, campaign, item, role, name, who, at, digest, parts, checked, evidence ON signoff BEGIN
  SELECT RAISE(FAIL, 'a sign-off is not rewritten');
END;
CREATE TRIGGER signoff_revoked_once BEFORE UPDATE OF revoked_at, revoked_who, revoked_what, revoked_reason ON signoff
WHEN OLD.revoked_at IS NOT NULL BEGIN
  SELECT RAISE(FAIL, 'a sign-off is revoked once');
END;
CREATE TRIGGER signoff_stays BEFORE DELETE ON signoff BEGIN
  SELECT RAISE(FAIL, 'sign-offs are kept');
END;
