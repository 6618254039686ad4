//! Tells the writer that other processes may have appended something: at each notification, and now and then without one. A
//! notification says nothing but that: what was appended is read by its index, so that none is missed.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use super::database::Database;
use super::schema::CHANNEL;

/// How often it is looked whether or not there was a notification.
const NOW_AND_THEN: Duration = Duration::from_millis(500);

/// Works until it is dropped.
pub(super) async fn listen(database: Arc<Database>, wake: Arc<dyn Fn() + Send + Sync>) {
    loop {
        let (heard, mut hearing) = mpsc::channel(1);
        let line = match database.connect(Some(heard)).await {
            Ok(line) => match line
                .client
                .batch_execute(&format!("LISTEN {CHANNEL}"))
                .await
            {
                Ok(()) => Some(line),
                Err(_) => None,
            },
            Err(_) => None,
        };
        // What was appended before anybody listened.
        wake();
        let Some(_line) = line else {
            tokio::time::sleep(NOW_AND_THEN).await;
            continue;
        };
        // None: the connection is gone.
        while let Ok(Some(())) | Err(_) = tokio::time::timeout(NOW_AND_THEN, hearing.recv()).await {
            wake();
        }
    }
}
