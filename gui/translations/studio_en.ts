<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="en" sourcelanguage="en">
    <context>
        <name>PaintingPanel</name>
        <message numerus="yes">
            <source>%Ln strokes</source>
            <translation>
                <numerusform>%Ln stroke</numerusform>
                <numerusform>%Ln strokes</numerusform>
            </translation>
        </message>
    </context>
    <context>
        <name>RecoveryDialog</name>
        <message numerus="yes">
            <source>%Ln strokes</source>
            <translation>
                <numerusform>%Ln stroke</numerusform>
                <numerusform>%Ln strokes</numerusform>
            </translation>
        </message>
    </context>
    <context>
        <name>RunListModel</name>
        <message numerus="yes">
            <source>{} frames</source>
            <translation>
                <numerusform>{} frame</numerusform>
                <numerusform>{} frames</numerusform>
            </translation>
        </message>
    </context>
    <context>
        <name>SamplesView</name>
        <message numerus="yes">
            <source>{} frames</source>
            <translation>
                <numerusform>{} frame</numerusform>
                <numerusform>{} frames</numerusform>
            </translation>
        </message>
    </context>
    <context>
        <name>StartForm</name>
        <message numerus="yes">
            <source>%Ln phases</source>
            <translation>
                <numerusform>%Ln phase</numerusform>
                <numerusform>%Ln phases</numerusform>
            </translation>
        </message>
        <message numerus="yes">
            <source>{} frames</source>
            <translation>
                <numerusform>{} frame</numerusform>
                <numerusform>{} frames</numerusform>
            </translation>
        </message>
    </context>
    <context>
        <name>Studio</name>
        <message numerus="yes">
            <source>Paint %Ln strokes</source>
            <translation>
                <numerusform>Paint %Ln stroke</numerusform>
                <numerusform>Paint %Ln strokes</numerusform>
            </translation>
        </message>
    </context>
    <context>
        <name>TimelinePanel</name>
        <message numerus="yes">
            <source>Delete %Ln strokes</source>
            <translation>
                <numerusform>Delete %Ln stroke</numerusform>
                <numerusform>Delete %Ln strokes</numerusform>
            </translation>
        </message>
    </context>
</TS>
