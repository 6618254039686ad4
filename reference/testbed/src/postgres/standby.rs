//! Synchronous standbys, and what becomes of one when its primary is lost.

use super::{Postgres, SUPERUSER};
use crate::Problem;
use crate::process::Ending;
use crate::waiting::until;

impl Postgres {
    /// A standby of this primary that is synchronous: from now on a commit is acknowledged once a standby has it on its disk,
    /// and waits as long as there is none. It follows through a replication slot, under a name of its own. Of several, one at a
    /// time is synchronous.
    ///
    /// # Errors
    /// It cannot be copied, or does not follow.
    pub async fn standby(&mut self) -> Result<Postgres, Problem> {
        let name = format!("standby{}", self.standbys.len() + 1);
        let mut standby = Postgres::empty(
            self.programs.clone(),
            self.password.clone(),
            self.settings.clone(),
        )?;
        let mut copy = standby.command("pg_basebackup", Ending::Kill);
        copy.env("PGPASSWORD", &self.password);
        copy.arg("--dbname").arg(format!(
            "host=127.0.0.1 port={} user={SUPERUSER} application_name={name}",
            self.port
        ));
        copy.arg("--pgdata").arg(standby.data());
        // Writes how it reaches its primary, too.
        copy.args(["--write-recovery-conf", "--create-slot", "--slot", &name]);
        copy.args(["--checkpoint=fast", "--wal-method=stream", "--no-sync"]);
        standby.run(copy).await?;
        standby.come_up().await?;
        self.standbys.push(name.clone());
        let client = self.client("postgres").await?;
        let names = self.standbys.join(", ");
        let set = format!("ALTER SYSTEM SET synchronous_standby_names = 'FIRST 1 ({names})'");
        for command in [&set, "SELECT pg_reload_conf()"] {
            let done = client.batch_execute(command).await;
            done.map_err(Problem::of_database(command))?;
        }
        until("the standby to be synchronous", async || {
            let asked = "SELECT sync_state FROM pg_stat_replication WHERE application_name = $1";
            let row = client.query_opt(asked, &[&name]).await;
            let row = row.map_err(Problem::of_database("the standbys cannot be seen"))?;
            let state = row.and_then(|row| row.get::<_, Option<String>>(0));
            Ok(matches!(state.as_deref(), Some("sync" | "potential")).then_some(()))
        })
        .await
        .map_err(|problem| standby.told(problem))?;
        Ok(standby)
    }

    /// Makes a standby the primary, and waits until it can be written. It has no standbys of its own then: commits wait for
    /// nobody. The old primary must be dead; nothing here keeps it from a second life of its own.
    ///
    /// # Errors
    /// It is no standby, or stays one.
    pub async fn promote(&mut self) -> Result<(), Problem> {
        let client = self.client("postgres").await?;
        let asked = client.query_one("SELECT pg_promote(false)", &[]).await;
        asked.map_err(Problem::of_database("it cannot be promoted"))?;
        until("the standby to be promoted", async || {
            let row = client.query_one("SELECT pg_is_in_recovery()", &[]).await;
            let row = row.map_err(Problem::of_database("a standby that is promoted"))?;
            Ok((!row.get::<_, bool>(0)).then_some(()))
        })
        .await
        .map_err(|problem| self.told(problem))
    }

    /// What its own process reports of its standbys: each one's name and state, such as `sync`.
    ///
    /// # Errors
    /// It does not answer.
    pub async fn standbys(&self) -> Result<Vec<(String, String)>, Problem> {
        let client = self.client("postgres").await?;
        let asked = "SELECT application_name, sync_state FROM pg_stat_replication ORDER BY 1";
        let rows = client.query(asked, &[]).await;
        let rows = rows.map_err(Problem::of_database("the standbys cannot be seen"))?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
    }
}
