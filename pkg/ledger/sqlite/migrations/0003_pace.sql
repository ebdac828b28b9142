-- The rate of an account to one domain: when the newest message leaves, and the last place given to one that waits.
CREATE TABLE domain_pace (
  account  TEXT    NOT NULL,
  domain   TEXT    NOT NULL,
  empty_at INTEGER NOT NULL,
  tail     INTEGER NOT NULL,
  PRIMARY KEY (account, domain)
) WITHOUT ROWID;

-- How a pending message stands to its domain's rate: 0 not held, 1 not_before is its place, 2 to be looked at again then.
ALTER TABLE message ADD COLUMN paced INTEGER NOT NULL DEFAULT 0 CHECK (paced = 0 OR paced = 1 OR paced = 2);
CREATE INDEX message_paced ON message (campaign_id, channel, not_before) WHERE state = 'pending' AND paced > 0;

-- With an attempt a message has left the queue of its domain.
DROP TRIGGER attempt_claims;
CREATE TRIGGER attempt_claims AFTER INSERT ON attempt BEGIN
  UPDATE message SET state = 'attempting', attempts = attempts + 1, attempt_id = NEW.id, paced = 0 WHERE id = NEW.message_id;
END;
