-- Alternatives are written with OR: for IN with more than two words SQLite fills a temporary table each time it looks.
-- Times are nanoseconds since 1970 in UTC, 0 for none. Money is in millionths. States are the words of pkg/message.

CREATE TABLE meta (
  name  TEXT PRIMARY KEY,
  value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE campaign (
  id         INTEGER PRIMARY KEY,
  name       TEXT    NOT NULL UNIQUE CHECK (name <> ''),
  digest     TEXT    NOT NULL,
  spec       BLOB    NOT NULL,
  created    INTEGER NOT NULL,
  staged     INTEGER NOT NULL,
  recipients INTEGER NOT NULL DEFAULT 0, -- rows of the newest list
  folded     INTEGER NOT NULL DEFAULT 0, -- how many of its messages are told through those of other rows
  ordered    INTEGER NOT NULL DEFAULT 0, -- 1: ids of messages follow the rows of the list, so that reading needs no sort
  first_id   INTEGER NOT NULL DEFAULT 0, -- its messages are within these ids
  last_id    INTEGER NOT NULL DEFAULT 0,
  paused_at  INTEGER, paused_who  TEXT, paused_what  TEXT, paused_reason  TEXT,
  aborted_at INTEGER, aborted_who TEXT, aborted_what TEXT, aborted_reason TEXT
);

-- A row of a list. The rows of an older list stay for as long as a message that left is about them.
CREATE TABLE recipient (
  id          INTEGER PRIMARY KEY,
  campaign_id INTEGER NOT NULL,
  row         INTEGER NOT NULL,
  key         TEXT    NOT NULL,
  fields      BLOB    NOT NULL
);

-- recipient_id and campaign_id are not declared REFERENCES: the check would cost a third of staging. Verify makes it.
CREATE TABLE message (
  id           INTEGER PRIMARY KEY,
  campaign_id  INTEGER NOT NULL,
  recipient_id INTEGER NOT NULL,
  channel      TEXT    NOT NULL CHECK (channel = 'sms' OR channel = 'email'),
  key          TEXT    NOT NULL,
  address      TEXT    NOT NULL,
  segments     INTEGER NOT NULL,
  fingerprint  INTEGER NOT NULL,
  state        TEXT    NOT NULL DEFAULT 'pending'
               CHECK (state = 'accepted' OR state = 'pending' OR state = 'attempting' OR state = 'unknown' OR state = 'rejected' OR state = 'cancelled'),
  attempts     INTEGER NOT NULL DEFAULT 0,
  attempt_id   INTEGER, -- the newest
  not_before   INTEGER NOT NULL DEFAULT 0,
  why          TEXT    CHECK (why IN ('list', 'abort')) -- of cancelled: left out by a list, or by an abort
);
CREATE UNIQUE INDEX message_key ON message (campaign_id, key);
CREATE INDEX message_pending ON message (campaign_id, channel, not_before) WHERE state = 'pending';

-- What the newest list says of a message that it could not change any more: applied if the message goes back to pending.
-- recipient_id NULL: it is no longer on the list.
CREATE TABLE relist (
  message_id   INTEGER PRIMARY KEY REFERENCES message (id),
  recipient_id INTEGER,
  segments     INTEGER,
  fingerprint  INTEGER
);

CREATE TABLE fold (
  campaign_id INTEGER NOT NULL REFERENCES campaign (id),
  key         TEXT    NOT NULL, -- of the message that the row is told through
  row         INTEGER NOT NULL,
  recipient   TEXT    NOT NULL,
  PRIMARY KEY (campaign_id, key, row)
) WITHOUT ROWID;

CREATE TABLE run (
  id          INTEGER PRIMARY KEY,
  campaign_id INTEGER NOT NULL REFERENCES campaign (id),
  host        TEXT    NOT NULL,
  pid         INTEGER NOT NULL,
  user        TEXT    NOT NULL,
  machine     TEXT    NOT NULL, -- where it holds the file lock for as long as its process lives; empty where it holds none
  started     INTEGER NOT NULL,
  beat        INTEGER NOT NULL,
  expires     INTEGER NOT NULL,
  ended       INTEGER,
  why         TEXT
);
CREATE UNIQUE INDEX run_live ON run (campaign_id) WHERE ended IS NULL;

CREATE TABLE attempt (
  id              INTEGER PRIMARY KEY,
  message_id      INTEGER NOT NULL,
  run_id          INTEGER NOT NULL,
  number          INTEGER NOT NULL,
  account         TEXT    NOT NULL,
  currency        TEXT    NOT NULL,
  day             TEXT    NOT NULL,
  segments        INTEGER NOT NULL,
  price           INTEGER NOT NULL,
  claimed_at      INTEGER NOT NULL,
  leave_at        INTEGER NOT NULL,
  deadline        INTEGER NOT NULL,
  outcome         TEXT CHECK (outcome = 'accepted' OR outcome = 'rejected' OR outcome = 'throttled' OR outcome = 'refused' OR outcome = 'unsent' OR outcome = 'unknown'),
  over            INTEGER NOT NULL DEFAULT 0 -- 1: definitely not accepted, so that the message may be attempted again
                  CHECK (over = (outcome IS NOT NULL AND (outcome = 'rejected' OR outcome = 'throttled' OR outcome = 'refused' OR outcome = 'unsent'))),
  reason          TEXT,
  code            TEXT,
  detail          TEXT,
  vendor_id       TEXT,
  vendor_segments INTEGER,
  settled_at      INTEGER,
  retry_at        INTEGER,
  resolved_at     INTEGER, -- set where unknown was settled later
  resolved_by     TEXT,
  resolved_why    TEXT
);
-- A message has at most one attempt that is open, was accepted, or may have been: whatever the program does.
-- It hangs on a column of its own, because an index that names outcome would be rewritten with every outcome.
CREATE UNIQUE INDEX attempt_once ON attempt (message_id) WHERE over = 0;
CREATE INDEX attempt_open ON attempt (run_id) WHERE outcome IS NULL;

CREATE TABLE account (
  name       TEXT    PRIMARY KEY,
  empty_at   INTEGER NOT NULL DEFAULT 0,
  scale      REAL    NOT NULL DEFAULT 1,
  not_before INTEGER NOT NULL DEFAULT 0,
  failures   INTEGER NOT NULL DEFAULT 0,
  open_until INTEGER NOT NULL DEFAULT 0,
  reason     TEXT    NOT NULL DEFAULT '',
  error      TEXT    NOT NULL DEFAULT '',
  error_at   INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;

CREATE TABLE usage (
  account  TEXT    NOT NULL,
  day      TEXT    NOT NULL,
  messages INTEGER NOT NULL CHECK (messages >= 0),
  segments INTEGER NOT NULL CHECK (segments >= 0),
  cost     INTEGER NOT NULL CHECK (cost >= 0),
  PRIMARY KEY (account, day)
) WITHOUT ROWID;

CREATE TABLE spent (
  campaign_id INTEGER NOT NULL REFERENCES campaign (id),
  account     TEXT    NOT NULL,
  currency    TEXT    NOT NULL,
  messages    INTEGER NOT NULL CHECK (messages >= 0),
  segments    INTEGER NOT NULL CHECK (segments >= 0),
  cost        INTEGER NOT NULL CHECK (cost >= 0),
  PRIMARY KEY (campaign_id, account, currency)
) WITHOUT ROWID;

CREATE TABLE audit (
  id       INTEGER PRIMARY KEY,
  campaign TEXT    NOT NULL,
  who      TEXT    NOT NULL,
  what     TEXT    NOT NULL,
  reason   TEXT    NOT NULL,
  at       INTEGER NOT NULL
);

CREATE TABLE preflight (
  id       INTEGER PRIMARY KEY,
  campaign TEXT    NOT NULL,
  digest   TEXT    NOT NULL,
  verdict  TEXT    NOT NULL CHECK (verdict IN ('pass', 'warn', 'fail')),
  result   BLOB    NOT NULL,
  at       INTEGER NOT NULL,
  who      TEXT    NOT NULL
);
CREATE INDEX preflight_digest ON preflight (campaign, digest);

-- The triggers guard what the program never does, so that neither a fault of it nor SQL by hand can. They stop with FAIL
-- and before the row is touched: ABORT would keep a journal for every statement, which costs a quarter of a claim.

-- An attempt begins open, on a pending message, and takes it along.
CREATE TRIGGER attempt_begins BEFORE INSERT ON attempt
WHEN NEW.outcome IS NOT NULL OR (SELECT state FROM message WHERE id = NEW.message_id) IS NOT 'pending' BEGIN
  SELECT RAISE(FAIL, 'an attempt begins without an outcome, on a pending message');
END;
CREATE TRIGGER attempt_claims AFTER INSERT ON attempt BEGIN
  UPDATE message SET state = 'attempting', attempts = attempts + 1, attempt_id = NEW.id WHERE id = NEW.message_id;
END;

-- An outcome is written once; only unknown is settled later, by evidence or a person. The message follows.
CREATE TRIGGER attempt_settles_once
BEFORE UPDATE OF outcome, over, reason, code, detail, vendor_id, vendor_segments, settled_at, retry_at ON attempt
WHEN OLD.outcome IS NOT NULL
  AND NOT (OLD.outcome = 'unknown' AND NEW.outcome IS NOT NULL AND (NEW.outcome = 'accepted' OR NEW.outcome = 'rejected' OR NEW.outcome = 'unsent')) BEGIN
  SELECT RAISE(FAIL, 'an outcome is written once');
END;
CREATE TRIGGER attempt_settles AFTER UPDATE OF outcome ON attempt BEGIN
  UPDATE message SET
    state = CASE NEW.outcome WHEN 'accepted' THEN 'accepted' WHEN 'rejected' THEN 'rejected' WHEN 'unknown' THEN 'unknown' ELSE 'pending' END,
    not_before = ifnull(NEW.retry_at, 0)
  WHERE id = NEW.message_id AND attempt_id = NEW.id;
END;
CREATE TRIGGER attempt_intent_stands
BEFORE UPDATE OF id, message_id, run_id, number, account, currency, day, segments, price, claimed_at, leave_at, deadline ON attempt BEGIN
  SELECT RAISE(FAIL, 'an attempt is not rewritten');
END;
CREATE TRIGGER attempt_stays BEFORE DELETE ON attempt BEGIN
  SELECT RAISE(FAIL, 'attempts are kept');
END;

-- No trigger looks at new messages: it would double the time of a staging, and Verify sees one that did not begin pending.
CREATE TRIGGER message_moves BEFORE UPDATE OF state ON message
WHEN NOT CASE OLD.state
  WHEN 'pending' THEN (NEW.state = 'attempting' OR NEW.state = 'cancelled')
  WHEN 'attempting' THEN (NEW.state = 'accepted' OR NEW.state = 'rejected' OR NEW.state = 'pending' OR NEW.state = 'unknown')
  WHEN 'unknown' THEN (NEW.state = 'accepted' OR NEW.state = 'rejected' OR NEW.state = 'pending')
  WHEN 'rejected' THEN (NEW.state = 'pending' OR NEW.state = 'cancelled')
  WHEN 'cancelled' THEN NEW.state = 'pending' AND OLD.why = 'list'
  ELSE 0 END BEGIN
  SELECT RAISE(FAIL, 'a message does not go that way');
END;
CREATE TRIGGER message_who_stands BEFORE UPDATE OF id, campaign_id, channel, key, address ON message BEGIN
  SELECT RAISE(FAIL, 'a message is not rewritten');
END;
CREATE TRIGGER message_stays BEFORE DELETE ON message BEGIN
  SELECT RAISE(FAIL, 'messages are kept');
END;

CREATE TRIGGER campaign_ends_once BEFORE UPDATE OF aborted_at ON campaign WHEN OLD.aborted_at IS NOT NULL BEGIN
  SELECT RAISE(FAIL, 'an aborted campaign stays aborted');
END;
CREATE TRIGGER campaign_name_stands BEFORE UPDATE OF id, name ON campaign BEGIN
  SELECT RAISE(FAIL, 'a campaign keeps its name');
END;
CREATE TRIGGER campaign_stays BEFORE DELETE ON campaign BEGIN
  SELECT RAISE(FAIL, 'campaigns are kept');
END;
CREATE TRIGGER run_ends_once BEFORE UPDATE OF ended ON run WHEN OLD.ended IS NOT NULL BEGIN
  SELECT RAISE(FAIL, 'a run ends once');
END;

CREATE TRIGGER audit_stands BEFORE UPDATE ON audit BEGIN
  SELECT RAISE(FAIL, 'the audit log is not rewritten');
END;
CREATE TRIGGER audit_stays BEFORE DELETE ON audit BEGIN
  SELECT RAISE(FAIL, 'the audit log is kept');
END;
