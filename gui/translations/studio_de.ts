<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="de" sourcelanguage="en">
    <context>
        <name>Actions</name>
        <message>
            <source>&amp;Open photo…</source>
            <translation>F&amp;oto öffnen…</translation>
        </message>
        <message>
            <source>Open &amp;painting…</source>
            <translation>&amp;Gemälde öffnen…</translation>
        </message>
        <message>
            <source>Paint a&amp;fter photo…</source>
            <translation>&amp;Nach einem Foto malen…</translation>
        </message>
        <message>
            <source>Open &amp;recent</source>
            <translation>&amp;Zuletzt geöffnet</translation>
        </message>
        <message>
            <source>&amp;Save painting</source>
            <translation>Gemälde &amp;speichern</translation>
        </message>
        <message>
            <source>Save painting &amp;as…</source>
            <translation>Gemälde speichern &amp;unter…</translation>
        </message>
        <message>
            <source>&amp;Export…</source>
            <translation>&amp;Exportieren…</translation>
        </message>
        <message>
            <source>&amp;Quit</source>
            <translation>&amp;Beenden</translation>
        </message>
        <message>
            <source>&amp;Undo</source>
            <translation>&amp;Rückgängig</translation>
        </message>
        <message>
            <source>&amp;Redo</source>
            <translation>&amp;Wiederholen</translation>
        </message>
        <message>
            <source>&amp;Delete strokes</source>
            <translation>Striche &amp;löschen</translation>
        </message>
        <message>
            <source>Paint stroke &amp;later</source>
            <translation>Strich s&amp;päter malen</translation>
        </message>
        <message>
            <source>Paint stroke &amp;earlier</source>
            <translation>Strich &amp;früher malen</translation>
        </message>
        <message>
            <source>&amp;Paint this</source>
            <translation>&amp;Foto malen</translation>
        </message>
        <message>
            <source>P&amp;ause at the stroke's end</source>
            <translation>&amp;Pause am Ende des Strichs</translation>
        </message>
        <message>
            <source>&amp;One change more</source>
            <translation>&amp;Eine Änderung weiter</translation>
        </message>
        <message>
            <source>&amp;Stop</source>
            <translation>&amp;Stopp</translation>
        </message>
        <message>
            <source>P&amp;lay the painting</source>
            <translation>Gemälde a&amp;bspielen</translation>
        </message>
        <message>
            <source>Ne&amp;xt stroke</source>
            <translation>&amp;Nächster Strich</translation>
        </message>
        <message>
            <source>Pre&amp;vious stroke</source>
            <translation>&amp;Vorheriger Strich</translation>
        </message>
        <message>
            <source>The same care e&amp;verywhere</source>
            <translation>Überall &amp;gleiche Sorgfalt</translation>
        </message>
        <message>
            <source>&amp;Fit</source>
            <translation>&amp;Einpassen</translation>
        </message>
        <message>
            <source>&amp;Actual size</source>
            <translation>&amp;Originalgröße</translation>
        </message>
        <message>
            <source>Zoom &amp;in</source>
            <translation>Ver&amp;größern</translation>
        </message>
        <message>
            <source>Zoom &amp;out</source>
            <translation>Ver&amp;kleinern</translation>
        </message>
        <message>
            <source>F&amp;ull screen</source>
            <translation>Vo&amp;llbild</translation>
        </message>
        <message>
            <source>&amp;Reset layout</source>
            <translation>Anordnung &amp;zurücksetzen</translation>
        </message>
        <message>
            <source>As the &amp;system</source>
            <translation>Wie das &amp;System</translation>
        </message>
        <message>
            <source>&amp;Light</source>
            <translation>&amp;Hell</translation>
        </message>
        <message>
            <source>&amp;Dark</source>
            <translation>&amp;Dunkel</translation>
        </message>
        <message>
            <source>&amp;Choose strokes</source>
            <translation>Striche a&amp;uswählen</translation>
        </message>
        <message>
            <source>&amp;Move the canvas</source>
            <translation>&amp;Leinwand verschieben</translation>
        </message>
        <message>
            <source>Paint &amp;where care matters</source>
            <translation>Wichtige Stellen &amp;markieren</translation>
        </message>
        <message>
            <source>&amp;Shortcuts</source>
            <translation>&amp;Tastenkürzel</translation>
        </message>
        <message>
            <source>&amp;About Spiral Studio</source>
            <translation>Ü&amp;ber Spiral Studio</translation>
        </message>
        <message>
            <source>&amp;File</source>
            <translation>&amp;Datei</translation>
        </message>
        <message>
            <source>&amp;Edit</source>
            <translation>&amp;Bearbeiten</translation>
        </message>
        <message>
            <source>&amp;Paint</source>
            <translation>&amp;Malen</translation>
        </message>
        <message>
            <source>&amp;View</source>
            <translation>&amp;Ansicht</translation>
        </message>
        <message>
            <source>&amp;Theme</source>
            <translation>&amp;Farbschema</translation>
        </message>
        <message>
            <source>La&amp;nguage</source>
            <translation>&amp;Sprache</translation>
        </message>
        <message>
            <source>&amp;Help</source>
            <translation>&amp;Hilfe</translation>
        </message>
        <message>
            <source>&amp;Undo {}</source>
            <translation>&amp;Rückgängig: {}</translation>
        </message>
        <message>
            <source>&amp;Redo {}</source>
            <translation>&amp;Wiederholen: {}</translation>
        </message>
    </context>
    <context>
        <name>Canvas</name>
        <message>
            <source>Canvas</source>
            <translation>Leinwand</translation>
        </message>
    </context>
    <context>
        <name>CurvesView</name>
        <message>
            <source>Metrics to show</source>
            <translation>Gezeigte Messwerte</translation>
        </message>
        <message>
            <source>Space shows or hides a metric</source>
            <translation>Die Leertaste zeigt einen Messwert oder blendet ihn aus</translation>
        </message>
        <message>
            <source>Smoothing</source>
            <translation>Glättung</translation>
        </message>
        <message>
            <source>How much of the average before each value keeps; the thin line is never smoothed</source>
            <translation>Wie viel jeder Wert vom Mittel der vorigen behält; die dünne Linie ist nie geglättet</translation>
        </message>
        <message>
            <source>Choose a metric to see its curve.</source>
            <translation>Einen Messwert wählen, um seine Kurve zu sehen.</translation>
        </message>
        <message>
            <source>Curves</source>
            <translation>Kurven</translation>
        </message>
        <message>
            <source>Smoothin&amp;g</source>
            <translation>&amp;Glättung</translation>
        </message>
        <message>
            <source>&amp;Metrics</source>
            <translation>M&amp;esswerte</translation>
        </message>
        <message>
            <source>No numbers yet: the first come after some seconds of training.</source>
            <translation>Noch keine Zahlen: Die ersten kommen nach einigen Sekunden Training.</translation>
        </message>
        <message>
            <source>Curve of {name}</source>
            <translation>Kurve von {name}</translation>
        </message>
        <message>
            <source>frames</source>
            <translation>Schritte</translation>
        </message>
    </context>
    <context>
        <name>ErrorCurve</name>
        <message>
            <source>Error curve</source>
            <translation>Fehlerkurve</translation>
        </message>
        <message>
            <source>Mean squared error {}</source>
            <translation>Mittlerer quadratischer Fehler {}</translation>
        </message>
        <message>
            <source>The error shows here</source>
            <translation>Hier erscheint der Fehler</translation>
        </message>
        <message>
            <source>MSE {}</source>
            <translation>MSE {}</translation>
        </message>
    </context>
    <context>
        <name>ExportDialog</name>
        <message>
            <source>Export</source>
            <translation>Exportieren</translation>
        </message>
        <message>
            <source>Picture (PNG)</source>
            <translation>Bild (PNG)</translation>
        </message>
        <message>
            <source>Picture (JPEG)</source>
            <translation>Bild (JPEG)</translation>
        </message>
        <message>
            <source>Drawing in millimetres (SVG)</source>
            <translation>Zeichnung in Millimetern (SVG)</translation>
        </message>
        <message>
            <source>Page to print (PDF)</source>
            <translation>Druckseite (PDF)</translation>
        </message>
        <message>
            <source>Plotter (G-code)</source>
            <translation>Plotter (G-Code)</translation>
        </message>
        <message>
            <source>Timelapse (MP4)</source>
            <translation>Zeitraffer (MP4)</translation>
        </message>
        <message>
            <source>Timelapse (GIF)</source>
            <translation>Zeitraffer (GIF)</translation>
        </message>
        <message>
            <source>Painting program (JSON)</source>
            <translation>Malprogramm (JSON)</translation>
        </message>
        <message>
            <source>&amp;Kind</source>
            <translation>&amp;Art</translation>
        </message>
        <message>
            <source>Longer &amp;side</source>
            <translation>&amp;Längere Seite</translation>
        </message>
        <message>
            <source>File</source>
            <translation>Datei</translation>
        </message>
        <message>
            <source>&amp;Browse…</source>
            <translation>D&amp;urchsuchen…</translation>
        </message>
        <message>
            <source>&amp;File</source>
            <translation>&amp;Datei</translation>
        </message>
    </context>
    <context>
        <name>ExportJob</name>
        <message>
            <source>{}: the export ended unexpectedly</source>
            <translation>{}: Der Export endete unerwartet</translation>
        </message>
        <message>
            <source>exit code {}</source>
            <translation>Exit-Code {}</translation>
        </message>
    </context>
    <context>
        <name>FailureDialog</name>
        <message>
            <source>Something failed</source>
            <translation>Etwas ist fehlgeschlagen</translation>
        </message>
        <message>
            <source>A part of the studio failed. Your painting is safe, and you can go on working.</source>
            <translation>Ein Teil des Studios ist ausgefallen. Das Gemälde ist sicher, und die Arbeit kann weitergehen.</translation>
        </message>
        <message>
            <source>The details are in {}. Please send them to us.</source>
            <translation>Die Einzelheiten stehen in {}. Bitte an uns senden.</translation>
        </message>
        <message>
            <source>&amp;Copy details</source>
            <translation>Einzelheiten &amp;kopieren</translation>
        </message>
    </context>
    <context>
        <name>Notice</name>
        <message>
            <source>What went wrong</source>
            <translation>Was schiefging</translation>
        </message>
        <message>
            <source>Put a&amp;way</source>
            <translation>S&amp;chließen</translation>
        </message>
    </context>
    <context>
        <name>NoticeBar</name>
        <message>
            <source>Notice</source>
            <translation>Hinweis</translation>
        </message>
        <message>
            <source>Close this notice</source>
            <translation>Diesen Hinweis schließen</translation>
        </message>
    </context>
    <context>
        <name>PaintingPanel</name>
        <message>
            <source>Progress</source>
            <translation>Fortschritt</translation>
        </message>
        <message>
            <source>Stroke field (shipped)</source>
            <translation>Strichfeld (mitgeliefert)</translation>
        </message>
        <message>
            <source>None: rules of thumb</source>
            <translation>Keiner: Faustregeln</translation>
        </message>
        <message>
            <source>From a file…</source>
            <translation>Aus einer Datei…</translation>
        </message>
        <message>
            <source>&amp;Agent</source>
            <translation>A&amp;gent</translation>
        </message>
        <message>
            <source>One brush, or several with commas; any of MyPaint's by name</source>
            <translation>Ein Pinsel oder mehrere, mit Kommas getrennt; jeder von MyPaint mit seinem Namen</translation>
        </message>
        <message>
            <source>&amp;Brush</source>
            <translation>&amp;Pinsel</translation>
        </message>
        <message>
            <source>Pa&amp;lette</source>
            <translation>&amp;Farbpalette</translation>
        </message>
        <message>
            <source>St&amp;rokes</source>
            <translation>&amp;Striche</translation>
        </message>
        <message>
            <source>no limit</source>
            <translation>unbegrenzt</translation>
        </message>
        <message>
            <source> s</source>
            <translation> s</translation>
        </message>
        <message>
            <source>T&amp;ime</source>
            <translation>&amp;Zeit</translation>
        </message>
        <message>
            <source>{} px</source>
            <translation>{} px</translation>
        </message>
        <message>
            <source>Longer side of the picture that the painting is planned for</source>
            <translation>Längere Seite des Bildes, für das geplant wird</translation>
        </message>
        <message>
            <source>Si&amp;ze</source>
            <translation>G&amp;röße</translation>
        </message>
        <message>
            <source>Paint that covers</source>
            <translation>Deckende Farbe</translation>
        </message>
        <message>
            <source>Paint this</source>
            <translation>Foto malen</translation>
        </message>
        <message>
            <source>Pause</source>
            <translation>Pause</translation>
        </message>
        <message>
            <source>Step</source>
            <translation>Schritt</translation>
        </message>
        <message>
            <source>Let the agent make one change, then hold</source>
            <translation>Den Agenten eine Änderung machen lassen, dann anhalten</translation>
        </message>
        <message>
            <source>Stop</source>
            <translation>Stopp</translation>
        </message>
        <message>
            <source>Photo over the painting</source>
            <translation>Foto über dem Gemälde</translation>
        </message>
        <message>
            <source>Ph&amp;oto</source>
            <translation>F&amp;oto</translation>
        </message>
        <message>
            <source>Open an agent</source>
            <translation>Agenten öffnen</translation>
        </message>
        <message>
            <source>Trained agents (*.safetensors)</source>
            <translation>Trainierte Agenten (*.safetensors)</translation>
        </message>
        <message>
            <source>Go on</source>
            <translation>Weiter</translation>
        </message>
        <message>
            <source>Paint on from here</source>
            <translation>Von hier weitermalen</translation>
        </message>
        <message>
            <source>Open a photo, or drop one on the window.</source>
            <translation>Ein Foto öffnen oder auf das Fenster ziehen.</translation>
        </message>
        <message numerus="yes">
            <source>%Ln strokes</source>
            <translation>
                <numerusform>%Ln Strich</numerusform>
                <numerusform>%Ln Striche</numerusform>
            </translation>
        </message>
        <message>
            <source>Revising</source>
            <translation>Überarbeiten</translation>
        </message>
        <message>
            <source>Painting</source>
            <translation>Malen</translation>
        </message>
        <message>
            <source>Pausing at the stroke's end · {}</source>
            <translation>Pause am Ende des Strichs · {}</translation>
        </message>
        <message>
            <source>Paused · {}</source>
            <translation>Pausiert · {}</translation>
        </message>
        <message>
            <source>Stopping</source>
            <translation>Wird gestoppt</translation>
        </message>
        <message>
            <source>Done</source>
            <translation>Fertig</translation>
        </message>
        <message>
            <source>Ready</source>
            <translation>Bereit</translation>
        </message>
        <message>
            <source>{}:{:02d} left</source>
            <translation>noch {}:{:02d}</translation>
        </message>
    </context>
    <context>
        <name>PaletteChoice</name>
        <message>
            <source>Palette</source>
            <translation>Farbpalette</translation>
        </message>
        <message>
            <source>Any colour</source>
            <translation>Alle Farben</translation>
        </message>
        <message>
            <source>Find paints in the photo</source>
            <translation>Farben im Foto finden</translation>
        </message>
        <message>
            <source>From a file…</source>
            <translation>Aus einer Datei…</translation>
        </message>
        <message>
            <source>Number of paints</source>
            <translation>Anzahl der Farben</translation>
        </message>
        <message>
            <source>Open a palette</source>
            <translation>Farbpalette öffnen</translation>
        </message>
        <message>
            <source>Palettes (*.gpl *.txt)</source>
            <translation>Farbpaletten (*.gpl *.txt)</translation>
        </message>
    </context>
    <context>
        <name>RecoveryDialog</name>
        <message>
            <source>Unsaved paintings</source>
            <translation>Nicht gespeicherte Gemälde</translation>
        </message>
        <message>
            <source>The studio ended before these paintings were saved. Every stroke is there.</source>
            <translation>Das Studio endete, bevor diese Gemälde gespeichert waren. Jeder Strich ist noch da.</translation>
        </message>
        <message>
            <source>&amp;Recover</source>
            <translation>&amp;Wiederherstellen</translation>
        </message>
        <message>
            <source>&amp;Throw away</source>
            <translation>&amp;Verwerfen</translation>
        </message>
        <message>
            <source>&amp;Later</source>
            <translation>&amp;Später</translation>
        </message>
        <message>
            <source>{} · cannot be read: {}</source>
            <translation>{} · nicht lesbar: {}</translation>
        </message>
        <message>
            <source>no photo</source>
            <translation>kein Foto</translation>
        </message>
        <message numerus="yes">
            <source>%Ln strokes</source>
            <translation>
                <numerusform>%Ln Strich</numerusform>
                <numerusform>%Ln Striche</numerusform>
            </translation>
        </message>
    </context>
    <context>
        <name>RunFacts</name>
        <message>
            <source>Numbers of the run</source>
            <translation>Zahlen zum Lauf</translation>
        </message>
        <message>
            <source>Phase</source>
            <translation>Phase</translation>
        </message>
        <message>
            <source>Frames</source>
            <translation>Schritte</translation>
        </message>
        <message>
            <source>Speed</source>
            <translation>Tempo</translation>
        </message>
        <message>
            <source>Trained for</source>
            <translation>Trainiert</translation>
        </message>
        <message>
            <source>Time left</source>
            <translation>Restzeit</translation>
        </message>
        <message>
            <source>Seed</source>
            <translation>Startwert</translation>
        </message>
        <message>
            <source>{done} of {total} ({share})</source>
            <translation>{done} von {total} ({share})</translation>
        </message>
        <message>
            <source>{} frames/s</source>
            <translation>{} Schritte/s</translation>
        </message>
        <message>
            <source>about {time}</source>
            <translation>etwa {time}</translation>
        </message>
    </context>
    <context>
        <name>RunListModel</name>
        <message numerus="yes">
            <source>{} frames</source>
            <translation>
                <numerusform>{} Schritt</numerusform>
                <numerusform>{} Schritte</numerusform>
            </translation>
        </message>
        <message>
            <source>score {}</source>
            <translation>Wertung {}</translation>
        </message>
        <message>
            <source>stopping</source>
            <translation>wird gestoppt</translation>
        </message>
        <message>
            <source>running</source>
            <translation>läuft</translation>
        </message>
        <message>
            <source>stopped</source>
            <translation>gestoppt</translation>
        </message>
        <message>
            <source>finished</source>
            <translation>fertig</translation>
        </message>
        <message>
            <source>broken: {problem}</source>
            <translation>defekt: {problem}</translation>
        </message>
    </context>
    <context>
        <name>SamplesView</name>
        <message>
            <source>Sample pictures</source>
            <translation>Musterbilder</translation>
        </message>
        <message>
            <source>Sheet of samples</source>
            <translation>Musterblatt</translation>
        </message>
        <message>
            <source>Arrow keys go one sheet on or back, Page Up and Page Down ten</source>
            <translation>Die Pfeiltasten gehen ein Blatt vor oder zurück, Bild auf und Bild ab zehn</translation>
        </message>
        <message>
            <source>Number of the sheet</source>
            <translation>Nummer des Blatts</translation>
        </message>
        <message>
            <source>Frames of the sheet</source>
            <translation>Schritte des Blatts</translation>
        </message>
        <message>
            <source>Fo&amp;llow the newest</source>
            <translation>Immer das ne&amp;ueste</translation>
        </message>
        <message>
            <source>&amp;Sheet</source>
            <translation>Bla&amp;tt</translation>
        </message>
        <message>
            <source>Samples of {name}</source>
            <translation>Muster von {name}</translation>
        </message>
        <message>
            <source> of {}</source>
            <translation> von {}</translation>
        </message>
        <message>
            <source>No samples yet: a sheet of them is drawn at each evaluation.</source>
            <translation>Noch keine Muster: Bei jeder Auswertung wird ein Blatt davon gemalt.</translation>
        </message>
        <message numerus="yes">
            <source>{} frames</source>
            <translation>
                <numerusform>{} Schritt</numerusform>
                <numerusform>{} Schritte</numerusform>
            </translation>
        </message>
        <message>
            <source>{path} cannot be read.</source>
            <translation>{path} ist nicht lesbar.</translation>
        </message>
    </context>
    <context>
        <name>ShortcutSheet</name>
        <message>
            <source>Shortcuts</source>
            <translation>Tastenkürzel</translation>
        </message>
        <message>
            <source>One stroke back or on, in the timeline</source>
            <translation>Einen Strich zurück oder vor, in der Zeitleiste</translation>
        </message>
        <message>
            <source>Ten strokes</source>
            <translation>Zehn Striche</translation>
        </message>
        <message>
            <source>A hundred strokes</source>
            <translation>Hundert Striche</translation>
        </message>
        <message>
            <source>First and last stroke</source>
            <translation>Erster und letzter Strich</translation>
        </message>
        <message>
            <source>Zoom</source>
            <translation>Zoom</translation>
        </message>
        <message>
            <source>Mouse wheel</source>
            <translation>Mausrad</translation>
        </message>
        <message>
            <source>Pan</source>
            <translation>Ausschnitt verschieben</translation>
        </message>
        <message>
            <source>Middle button</source>
            <translation>Mittlere Taste</translation>
        </message>
        <message>
            <source>Size of the care brush</source>
            <translation>Größe des Markierpinsels</translation>
        </message>
        <message>
            <source>Shift + mouse wheel</source>
            <translation>Umschalt + Mausrad</translation>
        </message>
        <message>
            <source>Rub care out</source>
            <translation>Markierung ausradieren</translation>
        </message>
        <message>
            <source>Right button</source>
            <translation>Rechte Taste</translation>
        </message>
    </context>
    <context>
        <name>StartForm</name>
        <message>
            <source>New training</source>
            <translation>Neues Training</translation>
        </message>
        <message>
            <source>Configuration</source>
            <translation>Konfiguration</translation>
        </message>
        <message>
            <source>&amp;Open…</source>
            <translation>Ö&amp;ffnen…</translation>
        </message>
        <message>
            <source>Choose a configuration of your own, a .toml file</source>
            <translation>Eine eigene Konfiguration wählen, eine .toml-Datei</translation>
        </message>
        <message>
            <source>Open a configuration of your own</source>
            <translation>Eigene Konfiguration öffnen</translation>
        </message>
        <message>
            <source>What the configuration trains</source>
            <translation>Was die Konfiguration trainiert</translation>
        </message>
        <message>
            <source>as configured</source>
            <translation>wie konfiguriert</translation>
        </message>
        <message>
            <source>Seed</source>
            <translation>Startwert</translation>
        </message>
        <message>
            <source>Runs of one configuration and one seed go alike</source>
            <translation>Läufe mit gleicher Konfiguration und gleichem Startwert verlaufen gleich</translation>
        </message>
        <message>
            <source>Frames of the last phase</source>
            <translation>Schritte der letzten Phase</translation>
        </message>
        <message>
            <source>How many steps of painting the last phase of the training takes</source>
            <translation>Wie viele Malschritte die letzte Phase des Trainings dauert</translation>
        </message>
        <message>
            <source>St&amp;art</source>
            <translation>&amp;Starten</translation>
        </message>
        <message>
            <source>Start the training</source>
            <translation>Das Training starten</translation>
        </message>
        <message>
            <source>&amp;Configuration</source>
            <translation>&amp;Konfiguration</translation>
        </message>
        <message>
            <source>See&amp;d</source>
            <translation>Startwe&amp;rt</translation>
        </message>
        <message>
            <source>F&amp;rames</source>
            <translation>Schr&amp;itte</translation>
        </message>
        <message>
            <source>Open a configuration</source>
            <translation>Konfiguration öffnen</translation>
        </message>
        <message>
            <source>Configurations (*.toml)</source>
            <translation>Konfigurationen (*.toml)</translation>
        </message>
        <message>
            <source>No configurations came along; open one of your own.</source>
            <translation>Es sind keine Konfigurationen dabei; eine eigene öffnen.</translation>
        </message>
        <message numerus="yes">
            <source>%Ln phases</source>
            <translation>
                <numerusform>%Ln Phase</numerusform>
                <numerusform>%Ln Phasen</numerusform>
            </translation>
        </message>
        <message numerus="yes">
            <source>{} frames</source>
            <translation>
                <numerusform>{} Schritt</numerusform>
                <numerusform>{} Schritte</numerusform>
            </translation>
        </message>
    </context>
    <context>
        <name>StrokeEditor</name>
        <message>
            <source>Colour of the chosen strokes</source>
            <translation>Farbe der gewählten Striche</translation>
        </message>
        <message>
            <source>&amp;Colour</source>
            <translation>Farb&amp;e</translation>
        </message>
        <message>
            <source>&amp;Width</source>
            <translation>Brei&amp;te</translation>
        </message>
        <message>
            <source>Opacit&amp;y</source>
            <translation>De&amp;ckkraft</translation>
        </message>
        <message>
            <source>Pressure at the &amp;start</source>
            <translation>Dr&amp;uck am Anfang</translation>
        </message>
        <message>
            <source>Pressure at the en&amp;d</source>
            <translation>Druc&amp;k am Ende</translation>
        </message>
        <message>
            <source>Colour of the stroke</source>
            <translation>Farbe des Strichs</translation>
        </message>
    </context>
    <context>
        <name>StrokeList</name>
        <message>
            <source>{} · {} · {} % wide</source>
            <translation>{} · {} · {} % breit</translation>
        </message>
        <message>
            <source>Opacity {}, pressure {} to {}</source>
            <translation>Deckkraft {}, Druck {} bis {}</translation>
        </message>
    </context>
    <context>
        <name>Studio</name>
        <message>
            <source>Reading {}…</source>
            <translation>{} wird gelesen…</translation>
        </message>
        <message>
            <source>Open a painting first, and let the painter come to an end.</source>
            <translation>Zuerst ein Gemälde öffnen und den Maler zu Ende kommen lassen.</translation>
        </message>
        <message>
            <source>Open a photo first: the agent paints after one.</source>
            <translation>Zuerst ein Foto öffnen: Der Agent malt danach.</translation>
        </message>
        <message>
            <source>The painter is at work; pause it first.</source>
            <translation>Es wird gerade gemalt; zuerst pausieren.</translation>
        </message>
        <message>
            <source>The painter ended unexpectedly ({}). Nothing is lost, and another is ready.</source>
            <translation>Der Malprozess endete unerwartet ({}). Nichts ist verloren, und ein neuer steht bereit.</translation>
        </message>
        <message numerus="yes">
            <source>Paint %Ln strokes</source>
            <translation>
                <numerusform>%Ln Strich malen</numerusform>
                <numerusform>%Ln Striche malen</numerusform>
            </translation>
        </message>
    </context>
    <context>
        <name>StudioWindow</name>
        <message>
            <source>Paint</source>
            <translation>Malen</translation>
        </message>
        <message>
            <source>Train</source>
            <translation>Training</translation>
        </message>
        <message>
            <source>Pages</source>
            <translation>Seiten</translation>
        </message>
        <message>
            <source>Tools</source>
            <translation>Werkzeuge</translation>
        </message>
        <message>
            <source>Stop</source>
            <translation>Stopp</translation>
        </message>
        <message>
            <source>Stop the painter at once (Ctrl+.). Never asks.</source>
            <translation>Das Malen sofort stoppen (Strg+.). Fragt nie nach.</translation>
        </message>
        <message>
            <source>Export</source>
            <translation>Export</translation>
        </message>
        <message>
            <source>Cancel export</source>
            <translation>Export abbrechen</translation>
        </message>
        <message>
            <source>Open a photo</source>
            <translation>Foto öffnen</translation>
        </message>
        <message>
            <source>Photos ({})</source>
            <translation>Fotos ({})</translation>
        </message>
        <message>
            <source>Paint after a photo</source>
            <translation>Nach einem Foto malen</translation>
        </message>
        <message>
            <source>Open a painting</source>
            <translation>Gemälde öffnen</translation>
        </message>
        <message>
            <source>Painting programs (*.json)</source>
            <translation>Malprogramme (*.json)</translation>
        </message>
        <message>
            <source>Save the painting</source>
            <translation>Gemälde speichern</translation>
        </message>
        <message>
            <source>Saved {}</source>
            <translation>{} gespeichert</translation>
        </message>
        <message>
            <source>Wrote {}</source>
            <translation>{} geschrieben</translation>
        </message>
        <message>
            <source>About Spiral Studio</source>
            <translation>Über Spiral Studio</translation>
        </message>
        <message>
            <source>&lt;h3&gt;Spiral Studio&lt;/h3&gt;&lt;p&gt;An agent looks at a photo and paints it, stroke by stroke, with a real libmypaint brush.&lt;/p&gt;&lt;p&gt;Free software under the GNU GPL, version 3 or later.&lt;/p&gt;</source>
            <translation>&lt;h3&gt;Spiral Studio&lt;/h3&gt;&lt;p&gt;Ein Agent betrachtet ein Foto und malt es, Strich für Strich, mit einem echten libmypaint-Pinsel.&lt;/p&gt;&lt;p&gt;Freie Software unter der GNU GPL, Version 3 oder neuer.&lt;/p&gt;</translation>
        </message>
        <message>
            <source>The studio speaks this language from its next start on.</source>
            <translation>Das Studio spricht diese Sprache ab dem nächsten Start.</translation>
        </message>
        <message>
            <source>Spiral Studio</source>
            <translation>Spiral Studio</translation>
        </message>
        <message>
            <source>Save the painting before the studio closes?</source>
            <translation>Das Gemälde speichern, bevor das Studio schließt?</translation>
        </message>
    </context>
    <context>
        <name>Swatches</name>
        <message>
            <source>Paints</source>
            <translation>Farben</translation>
        </message>
    </context>
    <context>
        <name>TimelinePanel</name>
        <message>
            <source>Strokes shown</source>
            <translation>Gezeigte Striche</translation>
        </message>
        <message>
            <source>Number of strokes shown</source>
            <translation>Anzahl der gezeigten Striche</translation>
        </message>
        <message>
            <source>Play the painting (Space)</source>
            <translation>Das Gemälde abspielen (Leertaste)</translation>
        </message>
        <message>
            <source>Speed</source>
            <translation>Tempo</translation>
        </message>
        <message>
            <source>Strokes</source>
            <translation>Striche</translation>
        </message>
        <message numerus="yes">
            <source>Delete %Ln strokes</source>
            <translation>
                <numerusform>%Ln Strich löschen</numerusform>
                <numerusform>%Ln Striche löschen</numerusform>
            </translation>
        </message>
        <message>
            <source>Reorder stroke</source>
            <translation>Strich umordnen</translation>
        </message>
        <message>
            <source>Change stroke</source>
            <translation>Strich ändern</translation>
        </message>
        <message>
            <source>of {}</source>
            <translation>von {}</translation>
        </message>
        <message>
            <source>Pause</source>
            <translation>Pause</translation>
        </message>
        <message>
            <source>Play</source>
            <translation>Abspielen</translation>
        </message>
    </context>
    <context>
        <name>TrainingPanel</name>
        <message>
            <source>Training runs</source>
            <translation>Trainingsläufe</translation>
        </message>
        <message>
            <source>Select several to lay their curves over one another</source>
            <translation>Mehrere auswählen, um ihre Kurven übereinanderzulegen</translation>
        </message>
        <message>
            <source>Res&amp;ume</source>
            <translation>F&amp;ortsetzen</translation>
        </message>
        <message>
            <source>Go on with the selected run</source>
            <translation>Den gewählten Lauf fortsetzen</translation>
        </message>
        <message>
            <source>S&amp;top</source>
            <translation>Stoppe&amp;n</translation>
        </message>
        <message>
            <source>Stop the selected run, with a checkpoint</source>
            <translation>Den gewählten Lauf mit einem Zwischenstand stoppen</translation>
        </message>
        <message>
            <source>Train a tin&amp;y agent</source>
            <translation>Einen &amp;winzigen Agenten trainieren</translation>
        </message>
        <message>
            <source>Start a training that takes a minute</source>
            <translation>Ein Training starten, das eine Minute dauert</translation>
        </message>
        <message>
            <source>Ru&amp;ns</source>
            <translation>&amp;Läufe</translation>
        </message>
        <message>
            <source>&lt;h3&gt;Nothing has been trained here yet&lt;/h3&gt;&lt;p&gt;An agent learns to paint by trying: it puts down strokes, sees how close they come to a picture, and does better the next time.&lt;/p&gt;&lt;p&gt;The smallest training draws one thick line and learns it in about a minute. Others stand under “New training”; they take from an hour to days.&lt;/p&gt;</source>
            <translation>&lt;h3&gt;Hier wurde noch nichts trainiert&lt;/h3&gt;&lt;p&gt;Ein Agent lernt malen, indem er es versucht: Er setzt Striche, sieht, wie nahe sie einem Bild kommen, und macht es beim nächsten Mal besser.&lt;/p&gt;&lt;p&gt;Das kleinste Training zieht eine dicke Linie und lernt das in etwa einer Minute. Andere stehen unter „Neues Training“; sie dauern eine Stunde bis mehrere Tage.&lt;/p&gt;</translation>
        </message>
        <message>
            <source>What to do first</source>
            <translation>Was zuerst zu tun ist</translation>
        </message>
        <message>
            <source>S&amp;top at once</source>
            <translation>Sofort stoppe&amp;n</translation>
        </message>
        <message>
            <source>Starting {name} …</source>
            <translation>{name} wird gestartet …</translation>
        </message>
        <message>
            <source>Going on with {name} …</source>
            <translation>{name} wird fortgesetzt …</translation>
        </message>
        <message>
            <source>{name} ends after the update in the making, with a checkpoint.</source>
            <translation>{name} endet nach dem laufenden Lernschritt, mit einem Zwischenstand.</translation>
        </message>
        <message>
            <source>{name}: trained to the end.</source>
            <translation>{name}: zu Ende trainiert.</translation>
        </message>
        <message>
            <source>{name}: stopped.</source>
            <translation>{name}: gestoppt.</translation>
        </message>
        <message>
            <source>{name} ended with an error (exit code {code})</source>
            <translation>{name} endete mit einem Fehler (Exit-Code {code})</translation>
        </message>
        <message>
            <source>That did not work</source>
            <translation>Das hat nicht geklappt</translation>
        </message>
    </context>
    <context>
        <name>Welcome</name>
        <message>
            <source>Drop a photo here</source>
            <translation>Ein Foto hierher ziehen</translation>
        </message>
        <message>
            <source>and an agent paints it, stroke by stroke.</source>
            <translation>und ein Agent malt es, Strich für Strich.</translation>
        </message>
        <message>
            <source>A photo of a cat, to try</source>
            <translation>Ein Foto einer Katze, zum Probieren</translation>
        </message>
        <message>
            <source>Paint &amp;this</source>
            <translation>Dieses Foto ma&amp;len</translation>
        </message>
        <message>
            <source>Ope&amp;n a photo…</source>
            <translation>Foto öff&amp;nen…</translation>
        </message>
    </context>
</TS>
